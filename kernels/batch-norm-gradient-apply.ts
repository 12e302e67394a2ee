import { loadLanes, storeLanes } from './lanes';
import { SCRATCH, STRIPE } from './scratch';
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

/** dx of the four channels at `at`. */
function correct(at: usize, g: v128, x: v128): v128 {
  const centred = f32x4.sub(x, v128.load(MEAN + at));
  const correction = f32x4.add(v128.load(OFFSET + at), f32x4.mul(centred, v128.load(SLOPE + at)));
  return f32x4.mul(v128.load(SCALE + at), f32x4.sub(g, correction));
}

function applyRow<Relu, Corrects, Splits>(
  x: usize,
  dy: usize,
  y: usize,
  dx: usize,
  dresidual: usize,
  width: i32,
): void {
  const zero = f32x4.splat(0);
  let c = 0;
  let at: usize = 0;
  for (; c + 4 <= width; c += 4) {
    let g = v128.load(dy + at);
    if (variant.isOn<Relu>()) g = v128.and(g, f32x4.gt(v128.load(y + at), zero));
    const d = variant.isOn<Corrects>()
      ? correct(at, g, v128.load(x + at))
      : f32x4.mul(v128.load(SCALE + at), g);
    v128.store(dx + at, d);
    if (variant.isOn<Splits>()) v128.store(dresidual + at, g);
    at += 16;
  }
  const rest = width - c;
  if (rest > 0) {
    let g = loadLanes(dy + at, rest);
    if (variant.isOn<Relu>()) g = v128.and(g, f32x4.gt(loadLanes(y + at, rest), zero));
    const d = variant.isOn<Corrects>()
      ? correct(at, g, loadLanes(x + at, rest))
      : f32x4.mul(v128.load(SCALE + at), g);
    storeLanes(dx + at, d, rest);
    if (variant.isOn<Splits>()) storeLanes(dresidual + at, g, rest);
  }
}

function applySplit<Relu, Corrects>(
  x: usize,
  dy: usize,
  y: usize,
  dx: usize,
  dresidual: usize,
  width: i32,
): void {
  if (dresidual) applyRow<Relu, Corrects, variant.On>(x, dy, y, dx, dresidual, width);
  else applyRow<Relu, Corrects, variant.Off>(x, dy, y, dx, 0, width);
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
    for (let r = 0; r < rows; r++) {
      const at = <usize>r * bytes + skip;
      const a = x + at;
      const b = dy + at;
      const d = dx + at;
      const e = dresidual ? dresidual + at : 0;
      if (y) {
        if (sums) applySplit<variant.On, variant.On>(a, b, y + at, d, e, width);
        else applySplit<variant.On, variant.Off>(a, b, y + at, d, e, width);
      } else {
        if (sums) applySplit<variant.Off, variant.On>(a, b, 0, d, e, width);
        else applySplit<variant.Off, variant.Off>(a, b, 0, d, e, width);
      }
    }
  }
}
