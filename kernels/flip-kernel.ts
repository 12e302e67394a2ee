import { packPanel } from './gemm-pack';

/**
 * The kernel of the convolution that carries gradients back: flipped `[taps, filters, channels]` from w
 * `[taps, channels, filters]`, taps in reverse order. `channels` is a multiple of 4; the arrays must not
 * overlap.
 */
export function flipKernel_f32(
  w: usize,
  flipped: usize,
  taps: i32,
  channels: i32,
  filters: i32,
): void {
  const bytes = (<usize>channels * <usize>filters) << 2;
  for (let tap = taps - 1; tap >= 0; tap--) {
    packPanel(w + <usize>tap * bytes, filters, false, channels, filters, channels, flipped);
    flipped += bytes;
  }
}
