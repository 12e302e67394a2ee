import { FormatError } from '../../core/errors.js';
import { formatShape, sizeOf } from '../../core/shape.js';
import { ONNX_TYPES, type OnnxTensor, onnxTypeName } from '../../formats/onnx/onnx-model.js';

/** Longest list of integers that a shape or a list of axes can be. */
const LONGEST_SHAPE = 64;

/**
 * The numbers of an array as float32.
 * @throws {FormatError} when they lie outside the file, their count does not fit the shape, or their type
 * is none of float, double, float16 and bfloat16.
 */
export function floatsOfTensor(tensor: OnnxTensor, what: string): Float32Array {
  const { type, dims, raw, floats, doubles, integers } = tensor;
  requireInside(tensor, what);
  const count = sizeOf(dims);
  const check = (found: number): void => {
    if (found === count) return;
    throw new FormatError(
      `${what}: array '${tensor.name}' of shape ${formatShape(dims)} holds ${found} numbers`,
    );
  };
  const view = raw && new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const read = (bytes: number, get: (view: DataView, offset: number) => number): Float32Array => {
    const source = view as DataView;
    check(source.byteLength / bytes);
    const values = new Float32Array(count);
    for (let i = 0; i < count; i++) values[i] = get(source, i * bytes);
    return values;
  };
  switch (type) {
    case ONNX_TYPES.float:
      if (raw === undefined) {
        check(floats?.length ?? 0);
        return Float32Array.from(floats ?? []);
      }
      check(raw.byteLength / 4);
      return copyOfFloats(raw);
    case ONNX_TYPES.double:
      if (raw !== undefined) return read(8, (source, offset) => source.getFloat64(offset, true));
      check(doubles?.length ?? 0);
      return Float32Array.from(doubles ?? []);
    case ONNX_TYPES.float16:
      if (raw !== undefined) return read(2, (source, o) => half(source.getUint16(o, true)));
      check(integers?.length ?? 0);
      return Float32Array.from(integers ?? [], (bits) => half(bits & 0xffff));
    case ONNX_TYPES.bfloat16:
      if (raw !== undefined) return read(2, (source, o) => brain(source.getUint16(o, true)));
      check(integers?.length ?? 0);
      return Float32Array.from(integers ?? [], (bits) => brain(bits & 0xffff));
    default:
      throw new FormatError(
        `${what}: array '${tensor.name}' holds ${onnxTypeName(type)}, expected floating-point numbers`,
      );
  }
}

/**
 * The numbers of a short array of integers, such as a shape.
 * @throws {FormatError} when it is something else.
 */
export function integersOfTensor(tensor: OnnxTensor, what: string): number[] {
  requireInside(tensor, what);
  const { type, dims, raw, integers } = tensor;
  const count = sizeOf(dims);
  const isInteger = type === ONNX_TYPES.int64 || type === ONNX_TYPES.int32;
  const bytes = type === ONNX_TYPES.int64 ? 8 : 4;
  const found = raw === undefined ? (integers?.length ?? 0) : raw.byteLength / bytes;
  if (!isInteger || count > LONGEST_SHAPE || found !== count) {
    throw new FormatError(
      `${what}: array '${tensor.name}' (${onnxTypeName(type)} ${formatShape(dims)}) is no list of integers such as a shape`,
    );
  }
  if (raw === undefined) return [...(integers ?? [])];
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return Array.from({ length: count }, (_, i) =>
    bytes === 8 ? Number(view.getBigInt64(8 * i, true)) : view.getInt32(4 * i, true),
  );
}

function requireInside({ name, externalLocation }: OnnxTensor, what: string): void {
  if (externalLocation === undefined) return;
  throw new FormatError(
    `${what}: array '${name}' lies outside the file, in '${externalLocation}', which is never opened; save the model with its weights inside`,
  );
}

/** A copy, whatever the alignment; not by `slice`, which Node's `Buffer` answers with a view. */
function copyOfFloats(raw: Uint8Array): Float32Array {
  const values = new Float32Array(raw.byteLength / 4);
  new Uint8Array(values.buffer).set(raw);
  return values;
}

/** The number of an IEEE half-precision float. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const WORD = new DataView(new ArrayBuffer(4));

/** The number of a bfloat16: the upper half of a float32. */
function brain(bits: number): number {
  WORD.setUint16(0, bits);
  WORD.setUint16(2, 0);
  return WORD.getFloat32(0);
}
