import { addLanes, loadLanes, storeLanes } from './lanes';

/** Elements that are summed in single precision before double precision takes over. */
const CHUNK: i32 = 256;

/** y[0] = scale · (l1 · Σ|w| + l2 · Σw²) over `size` elements. */
export function regularization_f32(
  w: usize,
  y: usize,
  size: i32,
  l1: f64,
  l2: f64,
  scale: f64,
): void {
  let absolute: f64 = 0;
  let squared: f64 = 0;
  for (let first = 0; first < size; first += CHUNK) {
    const end = min(size, first + CHUNK);
    let sumAbsolute = f32x4.splat(0);
    let sumSquared = f32x4.splat(0);
    for (let i = first; i < end; i += 4) {
      const v = loadLanes(w + ((<usize>i) << 2), end - i);
      sumAbsolute = f32x4.add(sumAbsolute, f32x4.abs(v));
      sumSquared = f32x4.add(sumSquared, f32x4.mul(v, v));
    }
    absolute += addLanes(sumAbsolute);
    squared += addLanes(sumSquared);
  }
  store<f32>(y, <f32>(scale * (l1 * absolute + l2 * squared)));
}

/** dw = dloss[0] · scale · (l1 · sign(w) + 2 · l2 · w), `size` elements. */
export function regularizationGradient_f32(
  w: usize,
  dloss: usize,
  dw: usize,
  size: i32,
  l1: f64,
  l2: f64,
  scale: f64,
): void {
  const factor = <f64>load<f32>(dloss) * scale;
  const slope = f32x4.splat(<f32>(factor * l1));
  const twice = f32x4.splat(<f32>(2 * factor * l2));
  const zero = f32x4.splat(0);
  for (let i = 0; i < size; i += 4) {
    const count = size - i;
    const v = loadLanes(w + ((<usize>i) << 2), count);
    const positive = v128.and(slope, f32x4.gt(v, zero));
    const sign = f32x4.sub(positive, v128.and(slope, f32x4.lt(v, zero)));
    storeLanes(dw + ((<usize>i) << 2), f32x4.add(sign, f32x4.mul(v, twice)), count);
  }
}
