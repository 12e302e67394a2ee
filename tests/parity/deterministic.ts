const GOLDEN = 0x9e3779b1;
const SAMPLES = 128;

function fnv1a32(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** `count` 32-bit hashes of a name; the same numbers as `deterministic.py` makes. */
function hashes(name: string, count: number): Uint32Array {
  const start = fnv1a32(new TextEncoder().encode(name));
  return Uint32Array.from({ length: count }, (_, i) => {
    let x = (start + Math.imul(i, GOLDEN)) >>> 0;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return (x ^ (x >>> 16)) >>> 0;
  });
}

/** Float64 numbers in [−0.5, 0.5) that follow from the name alone. */
export function uniform(name: string, count: number): Float64Array {
  return Float64Array.from(hashes(name, count), (hash) => hash / 2 ** 32 - 0.5);
}

/** A weight that both sides make bit for bit, so that it need not be committed. */
export function deterministicWeight(name: string, shape: readonly number[]): Float32Array {
  const size = shape.reduce((product, d) => product * d, 1);
  const variable = name.slice(name.indexOf('/') + 1);
  const fanIn = shape.slice(0, -1).reduce((product, d) => product * d, 1);
  const gain = shape.length === 4 ? 2 : 1;
  const scale = 2 * Math.sqrt(3) * Math.sqrt(gain / fanIn);
  const formulas: Record<string, (u: number) => number> = {
    kernel: (u) => u * scale,
    bias: (u) => 0.1 * u,
    // A quarter where a residual branch ends; deterministic.py says why.
    gamma: (u) => (name.endsWith('branch2c/gamma') ? 0.25 : 1) * (1 + 0.2 * u),
    beta: (u) => 0.2 * u,
    movingMean: (u) => 0.2 * u,
    movingVariance: (u) => 1 + 0.5 * u,
  };
  return Float32Array.from(uniform(name, size), formulas[variable]);
}

/** Flat indices of the entries that are committed: all of a small tensor, else hashed ones. */
export function sampleIndices(name: string, size: number): number[] {
  if (size <= SAMPLES) return Array.from({ length: size }, (_, i) => i);
  return Array.from(hashes(name, SAMPLES), (hash) => hash % size);
}
