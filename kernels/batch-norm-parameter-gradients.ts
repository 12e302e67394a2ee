import { affine_f32 } from './affine';

/** dbeta = scale · sums₀, dgamma = scale · sums₁, from sums `[2, channels]`. */
export function batchNormParameterGradients_f32(
  sums: usize,
  dgamma: usize,
  dbeta: usize,
  channels: i32,
  scale: f32,
): void {
  affine_f32(sums, dbeta, channels, scale, 0);
  affine_f32(sums + ((<usize>channels) << 2), dgamma, channels, scale, 0);
}
