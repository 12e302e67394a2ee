/** Wire types of protobuf (https://protobuf.dev/programming-guides/encoding/). */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

const FIRST_CAPACITY = 256;
/** Arrays from this size on are handed through instead of being copied. */
const LARGE = 4096;

/** Writes one protobuf message: fields in the order of the calls, large arrays without a copy. */
export class ProtobufWriter {
  readonly #pieces: Uint8Array[] = [];
  #buffer = new Uint8Array(FIRST_CAPACITY);
  #used = 0;
  #length = 0;

  /** An integer field; negative ones are written as 64-bit two's complement. */
  integer(field: number, value: number): this {
    this.#varint(field * 8 + WIRE.varint);
    if (value < 0) this.#bigVarint(BigInt.asUintN(64, BigInt(value)));
    else this.#varint(value);
    return this;
  }

  /** A float field. */
  float(field: number, value: number): this {
    this.#varint(field * 8 + WIRE.fixed32);
    const bytes = new Uint8Array(Float32Array.of(value).buffer);
    this.#append(bytes);
    return this;
  }

  /** A field of double precision. */
  double(field: number, value: number): this {
    this.#varint(field * 8 + WIRE.fixed64);
    this.#append(doubleBytes([value]));
    return this;
  }

  /** A packed field of numbers in double precision. */
  doubles(field: number, values: readonly number[]): this {
    return this.bytes(field, doubleBytes(values));
  }

  /** A field of bytes. The array must not change before `finish`'s result was written. */
  bytes(field: number, value: Uint8Array): this {
    this.#varint(field * 8 + WIRE.bytes);
    this.#varint(value.length);
    this.#append(value);
    return this;
  }

  /** A field of UTF-8 text. */
  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  /** A packed field of integers ≥ 0. */
  packed(field: number, values: readonly number[]): this {
    const inner = new ProtobufWriter();
    for (const value of values) {
      if (value < 0) inner.#bigVarint(BigInt.asUintN(64, BigInt(value)));
      else inner.#varint(value);
    }
    return this.message(field, inner);
  }

  /** A field that holds another message. */
  message(field: number, inner: ProtobufWriter): this {
    this.#varint(field * 8 + WIRE.bytes);
    this.#varint(inner.#length);
    for (const piece of inner.finish()) this.#append(piece);
    return this;
  }

  /** The message in pieces. */
  finish(): Uint8Array[] {
    this.#flush();
    return this.#pieces;
  }

  #varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#byte((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.#byte(rest);
  }

  #bigVarint(value: bigint): void {
    let rest = value;
    while (rest >= 0x80n) {
      this.#byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.#byte(Number(rest));
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#used++] = value;
    this.#length++;
  }

  #append(bytes: Uint8Array): void {
    if (bytes.length >= LARGE) {
      this.#flush();
      this.#pieces.push(bytes);
    } else {
      this.#reserve(bytes.length);
      this.#buffer.set(bytes, this.#used);
      this.#used += bytes.length;
    }
    this.#length += bytes.length;
  }

  #reserve(count: number): void {
    if (this.#used + count <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#buffer.length, this.#used + count));
    larger.set(this.#buffer.subarray(0, this.#used));
    this.#buffer = larger;
  }

  #flush(): void {
    if (this.#used === 0) return;
    this.#pieces.push(this.#buffer.subarray(0, this.#used));
    this.#buffer = new Uint8Array(FIRST_CAPACITY);
    this.#used = 0;
  }
}

function doubleBytes(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(8 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => void view.setFloat64(8 * i, value, true));
  return bytes;
}
