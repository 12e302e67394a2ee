import { hashName, Random } from '../../src/core/random.js';

/** Random numbers that depend on nothing but the key. */
export function randomOf(key: string): Random {
  return new Random(1, [hashName(key)]);
}

/** Standard normal numbers. */
export function normals(key: string, size: number): Float32Array {
  const random = randomOf(key);
  return Float32Array.from({ length: size }, () => random.normal());
}

/** Numbers in [0.25, 1.25). */
export function positives(key: string, size: number): Float32Array {
  const random = randomOf(key);
  return Float32Array.from({ length: size }, () => 0.25 + random.uniform());
}

/** Whole numbers in [0, bound): exact in any order of summation, and full of ties. */
export function integers(key: string, size: number, bound: number): Float32Array {
  const random = randomOf(key);
  return Float32Array.from({ length: size }, () => random.integer(bound));
}

/** Rows of positive numbers that add up to 1. */
export function distributions(key: string, rows: number, classes: number): Float32Array {
  const values = positives(key, rows * classes);
  for (let r = 0; r < rows; r++) {
    const row = values.subarray(r * classes, (r + 1) * classes);
    const sum = row.reduce((a, b) => a + b, 0);
    row.forEach((value, c) => {
      row[c] = value / sum;
    });
  }
  return values;
}
