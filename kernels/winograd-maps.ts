import { SCRATCH } from './scratch';
import * as variant from './variant';

/*
 * The linear maps between the pixels of a row, or the taps of a kernel, and their points, for three taps.
 * `Pair` gets the two outputs of a row of two pixels with zeros around them by three points, `Two` gets two
 * outputs by the points 0, 1, −1 and ∞, `Three` three by 0, 1/2, −1, 2 and ∞ (with 1 for 1/2 the numbers would
 * be nicer, and errors of rounding 1.5 times as large).
 */

/** Points of inputs. */
class PairFromInputs {}
class TwoFromInputs {}
class ThreeFromInputs {}
/** Outputs of points. */
class PairToOutputs {}
class TwoToOutputs {}
class ThreeToOutputs {}
/** The same, transposed: gradients of points from those of outputs. */
class PairFromOutputs {}
class TwoFromOutputs {}
class ThreeFromOutputs {}
/** Points of taps. */
class PairFromKernel {}
class TwoFromKernel {}
class ThreeFromKernel {}
/** The same, transposed: gradients of taps from those of points. */
class PairToKernel {}
class TwoToKernel {}
class ThreeToKernel {}

/** A cache line of zeros, which `clearZeros` makes, and one that nobody reads. */
const ZEROS: usize = SCRATCH;
const NOWHERE: usize = SCRATCH + 64;
/** What follows them in the scratch memory. */
export const BEHIND_LINES: usize = SCRATCH + 128;

/** To be called before `applyMap`. */
export function clearZeros(): void {
  for (let i = 0; i < 64; i += 16) v128.store(ZEROS + <usize>i, f32x4.splat(0));
}

function times(factor: f32, v: v128): v128 {
  return f32x4.mul(f32x4.splat(factor), v);
}

/** Where vector `i` lies if it is one of `count` from `first` on, which lie `pitch` bytes apart. */
function placeOf(i: i32, first: i32, count: i32, start: usize, pitch: usize, other: usize): usize {
  const index = i - first;
  return <u32>index < <u32>count ? start + <usize>index * pitch : other;
}

/**
 * Maps `bytes` of vectors, at most a cache line: inputs [first, first + count) from `source`, the others
 * being zero, to outputs [0, outputs) at `target`. Outputs of `ToOutputs` are added to what stands in
 * `addend`, which lies as they do, unless that is 0.
 */
function apply<M>(
  source: usize,
  pitch: usize,
  first: i32,
  count: i32,
  target: usize,
  targetPitch: usize,
  outputs: i32,
  addend: usize,
  bytes: usize,
): void {
  const s0 = placeOf(0, first, count, source, pitch, ZEROS);
  const s1 = placeOf(1, first, count, source, pitch, ZEROS);
  const s2 = placeOf(2, first, count, source, pitch, ZEROS);
  const s3 = placeOf(3, first, count, source, pitch, ZEROS);
  const s4 = placeOf(4, first, count, source, pitch, ZEROS);
  const t0 = placeOf(0, 0, outputs, target, targetPitch, NOWHERE);
  const t1 = placeOf(1, 0, outputs, target, targetPitch, NOWHERE);
  const t2 = placeOf(2, 0, outputs, target, targetPitch, NOWHERE);
  const t3 = placeOf(3, 0, outputs, target, targetPitch, NOWHERE);
  const t4 = placeOf(4, 0, outputs, target, targetPitch, NOWHERE);
  const known = addend ? outputs : 0;
  const a0 = placeOf(0, 0, known, addend, targetPitch, ZEROS);
  const a1 = placeOf(1, 0, known, addend, targetPitch, ZEROS);
  const a2 = placeOf(2, 0, known, addend, targetPitch, ZEROS);
  for (let at: usize = 0; at < bytes; at += 16) {
    const v0 = v128.load(s0 + at);
    const v1 = v128.load(s1 + at);
    if (variant.isSame<M, PairFromInputs>()) {
      v128.store(t0 + at, f32x4.add(v0, v1));
      v128.store(t1 + at, v1);
      v128.store(t2 + at, v0);
    } else if (variant.isSame<M, PairFromOutputs>()) {
      v128.store(t0 + at, f32x4.add(v0, v1));
      v128.store(t1 + at, v0);
      v128.store(t2 + at, v1);
    } else if (variant.isSame<M, TwoFromOutputs>()) {
      v128.store(t0 + at, v0);
      v128.store(t1 + at, f32x4.add(v0, v1));
      v128.store(t2 + at, f32x4.sub(v0, v1));
      v128.store(t3 + at, v1);
    } else {
      const v2 = v128.load(s2 + at);
      if (variant.isSame<M, PairToOutputs>()) {
        const u0 = f32x4.add(v0, v1);
        const u1 = f32x4.add(v0, v2);
        v128.store(t0 + at, f32x4.add(v128.load(a0 + at), u0));
        v128.store(t1 + at, f32x4.add(v128.load(a1 + at), u1));
      } else if (variant.isSame<M, PairFromKernel>()) {
        v128.store(t0 + at, v1);
        v128.store(t1 + at, f32x4.sub(v2, v1));
        v128.store(t2 + at, f32x4.sub(v0, v1));
      } else if (variant.isSame<M, PairToKernel>()) {
        v128.store(t0 + at, v2);
        v128.store(t1 + at, f32x4.sub(v0, f32x4.add(v1, v2)));
        v128.store(t2 + at, v1);
      } else if (variant.isSame<M, TwoFromKernel>()) {
        const half = times(0.5, f32x4.add(v0, v2));
        const middle = times(0.5, v1);
        v128.store(t0 + at, v0);
        v128.store(t1 + at, f32x4.add(half, middle));
        v128.store(t2 + at, f32x4.sub(half, middle));
        v128.store(t3 + at, v2);
      } else if (variant.isSame<M, ThreeFromKernel>()) {
        const ends = f32x4.add(v0, v2);
        const twice = f32x4.add(v1, v1);
        v128.store(t0 + at, times(0.5, v0));
        v128.store(t1 + at, times(2.0 / 9.0, f32x4.add(f32x4.add(times(4, v0), twice), v2)));
        v128.store(t2 + at, times(1.0 / 9.0, f32x4.sub(ends, v1)));
        v128.store(t3 + at, times(1.0 / 18.0, f32x4.add(f32x4.add(v0, twice), times(4, v2))));
        v128.store(t4 + at, times(0.5, v2));
      } else if (variant.isSame<M, ThreeFromOutputs>()) {
        const ends = f32x4.add(v0, v2);
        v128.store(t0 + at, v0);
        v128.store(t1 + at, f32x4.add(f32x4.add(v0, times(0.25, v2)), times(0.5, v1)));
        v128.store(t2 + at, f32x4.sub(ends, v1));
        v128.store(t3 + at, f32x4.add(f32x4.add(v0, times(4, v2)), times(2, v1)));
        v128.store(t4 + at, v2);
      } else {
        const v3 = v128.load(s3 + at);
        if (variant.isSame<M, TwoFromInputs>()) {
          v128.store(t0 + at, f32x4.sub(v0, v2));
          v128.store(t1 + at, f32x4.add(v1, v2));
          v128.store(t2 + at, f32x4.sub(v2, v1));
          v128.store(t3 + at, f32x4.sub(v3, v1));
        } else if (variant.isSame<M, TwoToOutputs>()) {
          const u0 = f32x4.add(f32x4.add(v0, v1), v2);
          const u1 = f32x4.add(f32x4.sub(v1, v2), v3);
          v128.store(t0 + at, f32x4.add(v128.load(a0 + at), u0));
          v128.store(t1 + at, f32x4.add(v128.load(a1 + at), u1));
        } else if (variant.isSame<M, TwoToKernel>()) {
          const half = times(0.5, f32x4.add(v1, v2));
          v128.store(t0 + at, f32x4.add(v0, half));
          v128.store(t1 + at, times(0.5, f32x4.sub(v1, v2)));
          v128.store(t2 + at, f32x4.add(half, v3));
        } else {
          const v4 = v128.load(s4 + at);
          if (variant.isSame<M, ThreeFromInputs>()) {
            const near = times(3, f32x4.add(v1, v2));
            const far = times(3, f32x4.add(v2, v3));
            const twice = f32x4.add(v1, v1);
            const step = f32x4.sub(v2, v3);
            v128.store(t0 + at, f32x4.sub(times(2, f32x4.add(v0, v3)), near));
            v128.store(t1 + at, f32x4.add(twice, step));
            v128.store(t2 + at, f32x4.sub(times(5, v2), times(2, f32x4.add(v1, v3))));
            v128.store(t3 + at, f32x4.add(f32x4.sub(v2, v1), times(2, v3)));
            v128.store(t4 + at, f32x4.sub(times(2, f32x4.add(v1, v4)), far));
          } else if (variant.isSame<M, ThreeToOutputs>()) {
            const u0 = f32x4.add(f32x4.add(v0, v1), f32x4.add(v2, v3));
            const u1 = f32x4.add(f32x4.sub(times(0.5, v1), v2), times(2, v3));
            const u2 = f32x4.add(f32x4.add(times(0.25, v1), v2), f32x4.add(times(4, v3), v4));
            v128.store(t0 + at, f32x4.add(v128.load(a0 + at), u0));
            v128.store(t1 + at, f32x4.add(v128.load(a1 + at), u1));
            v128.store(t2 + at, f32x4.add(v128.load(a2 + at), u2));
          } else if (variant.isSame<M, ThreeToKernel>()) {
            const u1 = times(2.0 / 9.0, v1);
            const u2 = times(1.0 / 9.0, v2);
            const u3 = times(1.0 / 18.0, v3);
            const ends = f32x4.add(u2, f32x4.add(u1, u3));
            const w0 = f32x4.add(times(0.5, v0), f32x4.add(ends, times(3, u1)));
            const w2 = f32x4.add(times(0.5, v4), f32x4.add(ends, times(3, u3)));
            v128.store(t0 + at, w0);
            v128.store(t1 + at, f32x4.sub(times(2, f32x4.add(u1, u3)), u2));
            v128.store(t2 + at, w2);
          }
        }
      }
    }
  }
}

/** `apply` of one of the maps: 3 · kind + scheme, both counted in the order in which they stand above. */
export function applyMap(
  map: i32,
  source: usize,
  pitch: usize,
  first: i32,
  count: i32,
  target: usize,
  targetPitch: usize,
  outputs: i32,
  addend: usize,
  bytes: usize,
): void {
  switch (map) {
    case 0:
      apply<PairFromInputs>(
        source,
        pitch,
        first,
        count,
        target,
        targetPitch,
        outputs,
        addend,
        bytes,
      );
      break;
    case 1:
      apply<TwoFromInputs>(
        source,
        pitch,
        first,
        count,
        target,
        targetPitch,
        outputs,
        addend,
        bytes,
      );
      break;
    case 2:
      apply<ThreeFromInputs>(
        source,
        pitch,
        first,
        count,
        target,
        targetPitch,
        outputs,
        addend,
        bytes,
      );
      break;
    case 3:
      apply<PairToOutputs>(
        source,
        pitch,
        first,
        count,
        target,
        targetPitch,
        outputs,
        addend,
        bytes,
      );
      break;
    case 4:
      apply<TwoToOutputs>(source, pitch, first, count, target, targetPitch, outputs, addend, bytes);
      break;
    case 5:
      apply<ThreeToOutputs>(
        source,
        pitch,
        first,
        count,
        target,
        targetPitch,
        outputs,
        addend,
        bytes,
      );
      break;
    case 6:
      apply<PairFromOutputs>(
        source,
        pitch,
        first,
        count,
        target,
        targetPitch,
        outputs,
        addend,
        bytes,
      );
      break;
    case 7:
      apply<TwoFromOutputs>(
        source,
        pitch,
        first,
        count,
        target,
        targetPitch,
        outputs,
        addend,
        bytes,
      );
      break;
    case 8:
      apply<ThreeFromOutputs>(
        source,
        pitch,
        first,
        count,
        target,
        targetPitch,
        outputs,
        addend,
        bytes,
      );
      break;
    case 9:
      apply<PairFromKernel>(
        source,
        pitch,
        first,
        count,
        target,
        targetPitch,
        outputs,
        addend,
        bytes,
      );
      break;
    case 10:
      apply<TwoFromKernel>(
        source,
        pitch,
        first,
        count,
        target,
        targetPitch,
        outputs,
        addend,
        bytes,
      );
      break;
    case 11:
      apply<ThreeFromKernel>(
        source,
        pitch,
        first,
        count,
        target,
        targetPitch,
        outputs,
        addend,
        bytes,
      );
      break;
    case 12:
      apply<PairToKernel>(source, pitch, first, count, target, targetPitch, outputs, addend, bytes);
      break;
    case 13:
      apply<TwoToKernel>(source, pitch, first, count, target, targetPitch, outputs, addend, bytes);
      break;
    default:
      apply<ThreeToKernel>(
        source,
        pitch,
        first,
        count,
        target,
        targetPitch,
        outputs,
        addend,
        bytes,
      );
  }
}
