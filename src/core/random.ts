const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;

function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const middleLow = (middle & 0xffff) + aLow * bHigh;
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(middleLow / 0x10000)) >>> 0;
}

/**
 * One block of Philox4x32-10: four independent 32-bit words from a 128-bit counter and a 64-bit key.
 * A counter-based generator has no state to save: any draw can be made again from (key, counter).
 * Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
 * @param counter four 32-bit words. @param key two 32-bit words. @param out receives four words.
 */
export function philox(counter: Uint32Array, key: Uint32Array, out: Uint32Array): void {
  let c0 = counter[0];
  let c1 = counter[1];
  let c2 = counter[2];
  let c3 = counter[3];
  let k0 = key[0];
  let k1 = key[1];
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0) >>> 0;
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** FNV-1a of the UTF-16 code units: turns names into stream numbers. */
export function hashName(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) {
    hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

/**
 * A reproducible sequence of random numbers, determined wholly by a seed and a stream. Streams with
 * different numbers are independent, so every use derives its own: (seed, epoch), (seed, layer) …
 */
export class Random {
  readonly #key: Uint32Array;
  readonly #counter: Uint32Array;
  readonly #block = new Uint32Array(4);
  #used = 4;

  /**
   * @param seed any safe integer.
   * @param stream up to two 32-bit stream numbers.
   */
  constructor(seed: number, stream: readonly [number?, number?] = []) {
    const high = Math.floor(seed / 0x100000000);
    this.#key = Uint32Array.of(seed >>> 0, high >>> 0);
    this.#counter = Uint32Array.of(0, 0, (stream[0] ?? 0) >>> 0, (stream[1] ?? 0) >>> 0);
  }

  /**
   * Begins another sequence of this object, and allocates nothing: for loops that need one for each of
   * many things. `restart(seed, a, b, 0)` gives the numbers of `new Random(seed, [a, b])`.
   * @param seed any safe integer. @param first, @param second, @param third 32-bit stream numbers.
   */
  restart(seed: number, first: number, second: number, third: number): void {
    this.#key[0] = seed >>> 0;
    this.#key[1] = Math.floor(seed / 0x100000000) >>> 0;
    this.#counter[0] = 0;
    this.#counter[1] = third >>> 0;
    this.#counter[2] = first >>> 0;
    this.#counter[3] = second >>> 0;
    this.#used = 4;
  }

  /** The next 32 random bits, as an unsigned integer. */
  nextUint32(): number {
    if (this.#used === 4) {
      philox(this.#counter, this.#key, this.#block);
      this.#counter[0]++;
      if (this.#counter[0] === 0) this.#counter[1]++;
      this.#used = 0;
    }
    return this.#block[this.#used++];
  }

  /** A double in [0, 1) with 32 random bits. */
  uniform(): number {
    return this.nextUint32() / 0x100000000;
  }

  /** A draw from the standard normal distribution (Box and Muller, 1958). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log((this.nextUint32() + 1) / 0x100000000));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** A draw from the standard normal distribution, redrawn until it lies within two deviations. */
  truncatedNormal(): number {
    for (;;) {
      const value = this.normal();
      if (Math.abs(value) <= 2) return value;
    }
  }

  /** An integer in [0, bound), without modulo bias. */
  integer(bound: number): number {
    const limit = 0x100000000 - (0x100000000 % bound);
    for (;;) {
      const word = this.nextUint32();
      if (word < limit) return word % bound;
    }
  }

  /**
   * A draw from the gamma distribution of scale 1 (Marsaglia and Tsang, "A simple method for generating
   * gamma variables", 2000).
   * @param shape above 0.
   */
  gamma(shape: number): number {
    if (shape < 1) {
      return this.gamma(shape + 1) * (1 - this.uniform()) ** (1 / shape);
    }
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = this.normal();
      const v = (1 + c * x) ** 3;
      if (v > 0 && Math.log(1 - this.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) {
        return d * v;
      }
    }
  }

  /** A draw from the beta distribution. @param a, @param b above 0. */
  beta(a: number, b: number): number {
    const x = this.gamma(a);
    const y = this.gamma(b);
    // Both vanish only where the distribution has nearly all its weight at 0 and 1.
    return x + y > 0 ? x / (x + y) : Math.round(this.uniform());
  }

  /** The numbers 0 … count − 1 in random order (Fisher and Yates). */
  permutation(count: number): Uint32Array {
    const order = Uint32Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const swapped = order[i];
      order[i] = order[j];
      order[j] = swapped;
    }
    return order;
  }
}
