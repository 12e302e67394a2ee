import { NUMBERS } from './scratch';

function at(p: usize, index: i32): f64 {
  return <f64>load<f32>(p + ((<usize>index) << 2));
}

function put(p: usize, index: i32, value: f64): void {
  store<f32>(p + ((<usize>index) << 2), <f32>value);
}

/**
 * Merges moments `[replicas, 2, channels]` into mean and rstd = 1/√(variance + epsilon) and moves the
 * moving statistics: new = old · momentum + batch · (1 − momentum). `putNumber` gave the rows of each
 * replica before. bias 0 means none; otherwise it is added to the mean that the moving mean sees.
 */
export function batchNormStatistics_f32(
  moments: usize,
  movingMean: usize,
  movingVariance: usize,
  bias: usize,
  mean: usize,
  rstd: usize,
  newMovingMean: usize,
  newMovingVariance: usize,
  channels: i32,
  replicas: i32,
  epsilon: f64,
  momentum: f64,
): void {
  for (let c = 0; c < channels; c++) {
    let rows: f64 = 0;
    let center: f64 = 0;
    let m2: f64 = 0;
    for (let r = 0; r < replicas; r++) {
      const count = load<f64>(NUMBERS + ((<usize>r) << 3));
      m2 += at(moments, (2 * r + 1) * channels + c);
      if (count == 0) continue;
      const all = rows + count;
      const delta = at(moments, 2 * r * channels + c) - center;
      center += (delta * count) / all;
      m2 += (delta * delta * rows * count) / all;
      rows = all;
    }
    const variance = rows > 0 ? m2 / rows : 0;
    const seen = bias ? center + at(bias, c) : center;
    put(mean, c, center);
    put(rstd, c, 1 / Math.sqrt(variance + epsilon));
    put(newMovingMean, c, at(movingMean, c) * momentum + seen * (1 - momentum));
    put(newMovingVariance, c, at(movingVariance, c) * momentum + variance * (1 - momentum));
  }
}

/** mean = movingMean − bias (0 means none), rstd = 1/√(movingVariance + epsilon). */
export function batchNormFrozenStatistics_f32(
  movingMean: usize,
  movingVariance: usize,
  bias: usize,
  mean: usize,
  rstd: usize,
  channels: i32,
  epsilon: f64,
): void {
  for (let c = 0; c < channels; c++) {
    put(mean, c, at(movingMean, c) - (bias ? at(bias, c) : 0));
    put(rstd, c, 1 / Math.sqrt(at(movingVariance, c) + epsilon));
  }
}
