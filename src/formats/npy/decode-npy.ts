import { FormatError } from '../../core/errors.js';

/** An array as a `.npy` file holds it. */
export interface NpyArray {
  /** Sizes of all axes; `[]` for a scalar. */
  readonly shape: readonly number[];
  /**
   * Values, row-major: bytes and booleans as bytes; float16, float32 and whole numbers of up to 16 bits as
   * float32; all others as float64.
   */
  readonly data: Uint8Array | Float32Array | Float64Array;
  /** NumPy's name of the type in the file, such as `<f4`. */
  readonly dtype: string;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const LONGEST_HEADER = 64 * 1024;
const MOST_AXES = 32;
/** Types, without their byte order, and the bytes of one number. */
const SIZES: Readonly<Record<string, number>> = {
  b1: 1,
  u1: 1,
  i1: 1,
  u2: 2,
  i2: 2,
  f2: 2,
  u4: 4,
  i4: 4,
  f4: 4,
  u8: 8,
  i8: 8,
  f8: 8,
};

/**
 * Reads a `.npy` file, format versions 1 to 3, of numbers or booleans in either byte order and in C's or
 * Fortran's order. Objects, which are pickles and could run code, are refused.
 * @param source the file's name. @throws FormatError for other types, and for a file that is damaged or not
 * of the length that its header tells.
 * Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export function decodeNpy(bytes: Uint8Array, source: string): NpyArray {
  const { dtype, fortran, shape, start } = parseHeader(bytes, source);
  const kind = dtype.slice(1);
  const size = SIZES[kind];
  const count = shape.reduce((product, axis) => product * axis, 1);
  const found = bytes.length - start;
  if (count * size !== found) {
    throw new FormatError(
      `${source} holds ${found} bytes of data, but shape [${shape.join(', ')}] of ${dtype} needs ` +
        `${count * size}; it is cut off or damaged.`,
    );
  }
  // A copy of its own, so that numbers of several bytes lie where they must.
  const content = bytes.slice(start);
  if (dtype[0] === '>' && size > 1) swapBytes(content, size);
  const data = toNumbers(content, kind, source);
  return { shape, data: fortran ? fromFortran(data, shape) : data, dtype };
}

function parseHeader(bytes: Uint8Array, source: string) {
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) {
    throw new FormatError(`${source} is no .npy file: it does not begin with \\x93NUMPY.`);
  }
  const fail = (problem: string) =>
    new FormatError(`${source} is a damaged .npy file: ${problem}.`);
  const version = bytes[6];
  if (version < 1 || version > 3) throw fail(`its version is ${version}, but 1 to 3 are known`);
  const prefix = version === 1 ? 10 : 12;
  if (bytes.length < prefix) throw fail('it ends within its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > LONGEST_HEADER || prefix + length > bytes.length) {
    throw fail(`its header claims ${length} bytes`);
  }
  const text = new TextDecoder('latin1').decode(bytes.slice(prefix, prefix + length)).trim();
  const shown = JSON.stringify(text.slice(0, 100));
  if (/^\{\s*'descr'\s*:\s*\[/.test(text)) {
    throw new FormatError(`${source} holds records of several fields, but one type is expected.`);
  }
  // A Python literal of three keys, in any order.
  const fields = new Map<string, string>();
  const field =
    /\s*'(descr|fortran_order|shape)'\s*:\s*('[^']{0,40}'|True|False|\([\d\s,]*\))\s*(?:,|(?=\}))/y;
  let place = 1;
  while (text[0] === '{' && place < text.length - 1) {
    field.lastIndex = place;
    const match = field.exec(text);
    if (match === null) break;
    fields.set(match[1], match[2]);
    place = field.lastIndex;
  }
  const [descr, order, axes] = ['descr', 'fortran_order', 'shape'].map((key) => fields.get(key));
  if (!/^\s*\}$/.test(text.slice(place)) || descr === undefined || axes === undefined) {
    throw fail(`its header is ${shown}`);
  }
  const dtype = descr.replaceAll("'", '');
  if (/^\|?O/.test(dtype)) {
    throw new FormatError(
      `${source} holds Python objects (dtype object), which can run code and are never read; save numbers.`,
    );
  }
  if (!/^[<>|]/.test(dtype) || !Object.hasOwn(SIZES, dtype.slice(1))) {
    throw new FormatError(
      `${source} has values of type ${JSON.stringify(dtype)}, but numbers of ${Object.keys(SIZES).join(', ')} are read.`,
    );
  }
  if (order !== 'True' && order !== 'False') throw fail(`its header is ${shown}`);
  const sizes = axes
    .slice(1, -1)
    .split(',')
    .filter((one) => one.trim() !== '');
  const shape = sizes.map((one) => (/^\s*\d{1,15}\s*$/.test(one) ? Number(one) : -1));
  const count = shape.reduce((product, axis) => product * axis, 1);
  if (shape.length > MOST_AXES || shape.includes(-1) || !Number.isSafeInteger(count * 8)) {
    throw fail(`its shape is ${axes.slice(0, 100)}`);
  }
  return { dtype, fortran: order === 'True', shape, start: prefix + length };
}

function swapBytes(bytes: Uint8Array, size: number): void {
  for (let i = 0; i < bytes.length; i += size) bytes.subarray(i, i + size).reverse();
}

function toNumbers(bytes: Uint8Array, kind: string, source: string): NpyArray['data'] {
  const { buffer } = bytes;
  switch (kind) {
    case 'b1':
    case 'u1':
      return bytes;
    case 'i1':
      return Float32Array.from(new Int8Array(buffer));
    case 'u2':
      return Float32Array.from(new Uint16Array(buffer));
    case 'i2':
      return Float32Array.from(new Int16Array(buffer));
    case 'f2':
      return Float32Array.from(new Uint16Array(buffer), halfToNumber);
    case 'f4':
      return new Float32Array(buffer);
    case 'u4':
      return Float64Array.from(new Uint32Array(buffer));
    case 'i4':
      return Float64Array.from(new Int32Array(buffer));
    case 'f8':
      return new Float64Array(buffer);
    default: {
      const whole = kind === 'u8' ? new BigUint64Array(buffer) : new BigInt64Array(buffer);
      return Float64Array.from(whole, (value, i) => {
        const number = Number(value);
        if (Number.isSafeInteger(number)) return number;
        throw new FormatError(
          `${source} holds ${value} at index ${i}, which is too large to be told from its neighbours.`,
        );
      });
    }
  }
}

/** The number that an IEEE 754 half is. */
function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** From the first axis running fastest to the last one running fastest. */
function fromFortran<T extends NpyArray['data']>(data: T, shape: readonly number[]): T {
  const out = data.slice() as T;
  const steps: number[] = [];
  let step = 1;
  for (const axis of shape) {
    steps.push(step);
    step *= axis;
  }
  const place = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let i = 0; i < out.length; i++) {
    out[i] = data[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += steps[axis];
      if (++place[axis] < shape[axis]) break;
      from -= steps[axis] * shape[axis];
      place[axis] = 0;
    }
  }
  return out;
}
