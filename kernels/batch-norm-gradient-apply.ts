import { loadLanes, storeLanes } from './lanes';
import { ROW_BLOCK, SCRATCH, STRIPE } from './scratch';
import * as variant from './variant';

/** Coefficients of a stripe: dx = scale · (g − offset − (x − mean) · slope). */
const MEAN: usize = SCRATCH;
const SCALE: usize = SCRATCH + 4 * STRIPE;
const OFFSET: usize = SCRATCH + 8 * STRIPE;
const SLOPE: usize = SCRATCH + 12 * STRIPE;

function prepare(
  mean: usize,
  rstd: usize,
  gamma: usize,
  sums: usize,
  width: i32,
  rowBytes: usize,
  totalRows: f64,
): void {
  const inverse = f32x4.splat(<f32>(1 / totalRows));
  for (let c = 0; c < width; c += 4) {
    const at = (<usize>c) << 2;
    const count = width - c;
    const r = loadLanes(rstd + at, count);
    v128.store(MEAN + at, loadLanes(mean + at, count));
    v128.store(SCALE + at, gamma ? f32x4.mul(r, loadLanes(gamma + at, count)) : r);
    if (sums) {
      const slope = f32x4.mul(loadLanes(sums + rowBytes + at, count), inverse);
      v128.store(OFFSET + at, f32x4.mul(loadLanes(sums + at, count), inverse));
      v128.store(SLOPE + at, f32x4.mul(slope, r));
    }
  }
}

function slopeOf(g: v128, x: v128, mean: v128, scale: v128, offset: v128, slope: v128): v128 {
  const correction = f32x4.add(offset, f32x4.mul(f32x4.sub(x, mean), slope));
  return f32x4.mul(scale, f32x4.sub(g, correction));
}

function applyRows<Relu, Corrects, Splits>(
  x: usize,
  dy: usize,
  y: usize,
  dx: usize,
  dresidual: usize,
  rows: i32,
  width: i32,
  rowBytes: usize,
): void {
  const zero = f32x4.splat(0);
  for (let c = 0; c < width; c += 4) {
    const at = (<usize>c) << 2;
    const count = width - c;
    const mean = v128.load(MEAN + at);
    const scale = v128.load(SCALE + at);
    const offset = v128.load(OFFSET + at);
    const slope = v128.load(SLOPE + at);
    let p = at;
    if (count >= 4) {
      for (let r = 0; r < rows; r++) {
        let g = v128.load(dy + p);
        if (variant.isOn<Relu>()) g = v128.and(g, f32x4.gt(v128.load(y + p), zero));
        const d = variant.isOn<Corrects>()
          ? slopeOf(g, v128.load(x + p), mean, scale, offset, slope)
          : f32x4.mul(scale, g);
        v128.store(dx + p, d);
        if (variant.isOn<Splits>()) v128.store(dresidual + p, g);
        p += rowBytes;
      }
    } else {
      for (let r = 0; r < rows; r++) {
        let g = loadLanes(dy + p, count);
        if (variant.isOn<Relu>()) g = v128.and(g, f32x4.gt(loadLanes(y + p, count), zero));
        const d = variant.isOn<Corrects>()
          ? slopeOf(g, loadLanes(x + p, count), mean, scale, offset, slope)
          : f32x4.mul(scale, g);
        storeLanes(dx + p, d, count);
        if (variant.isOn<Splits>()) storeLanes(dresidual + p, g, count);
        p += rowBytes;
      }
    }
  }
}

/**
 * dx = gamma · rstd · (g − sums₀/totalRows − x̂ · sums₁/totalRows), x̂ = (x − mean) · rstd, over
 * x `[rows, channels]`, with g = dy where y > 0; dresidual = g. Operands that are 0 are absent: y (no
 * relu), gamma (1), sums (dx = gamma · rstd · g), dresidual. dx may be dy or x; dresidual may be dy.
 */
export function batchNormGradientApply_f32(
  x: usize,
  dy: usize,
  y: usize,
  mean: usize,
  rstd: usize,
  gamma: usize,
  sums: usize,
  dx: usize,
  dresidual: usize,
  rows: i32,
  channels: i32,
  totalRows: f64,
): void {
  const bytes = (<usize>channels) << 2;
  for (let first = 0; first < channels; first += STRIPE) {
    const width = min(STRIPE, channels - first);
    const skip = (<usize>first) << 2;
    const scales = gamma ? gamma + skip : 0;
    prepare(mean + skip, rstd + skip, scales, sums ? sums + skip : 0, width, bytes, totalRows);
    for (let r = 0; r < rows; r += ROW_BLOCK) {
      const n = min(ROW_BLOCK, rows - r);
      const at = <usize>r * bytes + skip;
      const a = x + at;
      const b = dy + at;
      const d = dx + at;
      const e = dresidual + at;
      if (y) {
        if (sums) {
          if (dresidual)
            applyRows<variant.On, variant.On, variant.On>(a, b, y + at, d, e, n, width, bytes);
          else applyRows<variant.On, variant.On, variant.Off>(a, b, y + at, d, e, n, width, bytes);
        } else {
          if (dresidual)
            applyRows<variant.On, variant.Off, variant.On>(a, b, y + at, d, e, n, width, bytes);
          else applyRows<variant.On, variant.Off, variant.Off>(a, b, y + at, d, e, n, width, bytes);
        }
      } else if (sums) {
        if (dresidual)
          applyRows<variant.Off, variant.On, variant.On>(a, b, y, d, e, n, width, bytes);
        else applyRows<variant.Off, variant.On, variant.Off>(a, b, y, d, e, n, width, bytes);
      } else {
        if (dresidual)
          applyRows<variant.Off, variant.Off, variant.On>(a, b, y, d, e, n, width, bytes);
        else applyRows<variant.Off, variant.Off, variant.Off>(a, b, y, d, e, n, width, bytes);
      }
    }
  }
}
