/** Bits that a bucket takes of a float: its exponent and the first five of its fraction, a 3 % range of values. */
const BITS = 13;
/** Numbers bucket by bucket. */
let dealt = new Float32Array(1024);
/** Where buckets end; only those of the values at hand are touched. */
const ends = new Uint32Array((1 << BITS) + 1);

/** Up to so many numbers are sorted by insertion. */
const MOST_INSERTED = 32;

/** The bucket of a number ≥ 0 by its bits; that NaN may have a sign does not count. */
function bucketOf(bits: number): number {
  return (bits << 1) >>> (32 - BITS);
}

/**
 * The values that stand at some ranks, from 0 and ascending, when numbers ≥ 0 are sorted, NaN last. They are
 * dealt out to buckets, and only buckets that a rank lies in are sorted.
 * @param values at least one; they are not changed.
 */
export function valuesAtRanks(values: Float32Array, ranks: readonly number[]): number[] {
  const count = values.length;
  // Floats without a sign are ordered as their bits are.
  const bits = new Uint32Array(values.buffer, values.byteOffset, count);
  let first = ends.length - 1;
  let last = 0;
  for (let i = 0; i < count; i++) {
    const bucket = bucketOf(bits[i]);
    if (bucket < first) first = bucket;
    if (bucket > last) last = bucket;
  }
  ends.fill(0, first, last + 2);
  for (let i = 0; i < count; i++) ends[bucketOf(bits[i]) + 1]++;
  for (let bucket = first; bucket < last; bucket++) ends[bucket + 1] += ends[bucket];
  // Now where buckets begin, which becomes where they end.
  if (dealt.length < count) dealt = new Float32Array(count);
  for (let i = 0; i < count; i++) dealt[ends[bucketOf(bits[i])]++] = values[i];
  let bucket = first;
  let sorted = 0;
  return ranks.map((rank) => {
    while (ends[bucket] <= rank) bucket++;
    if (rank >= sorted) {
      sort(bucket === first ? 0 : ends[bucket - 1], ends[bucket]);
      sorted = ends[bucket];
    }
    return dealt[rank];
  });
}

/** Sorts [from, to) of what was dealt out; most buckets hold a dozen numbers. */
function sort(from: number, to: number): void {
  if (to - from > MOST_INSERTED) {
    dealt.subarray(from, to).sort();
    return;
  }
  for (let i = from + 1; i < to; i++) {
    const value = dealt[i];
    let place = i;
    for (; place > from && dealt[place - 1] > value; place--) dealt[place] = dealt[place - 1];
    dealt[place] = value;
  }
}
