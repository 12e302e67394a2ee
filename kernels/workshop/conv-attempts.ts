import { convDirect_f32, frameImage_f32, packFilters_f32 } from '../conv-direct';
import { transformTile_f32 } from '../transform-tile';

// Attempts at convolving without patches; kernels/workshop/conv.mjs checks and times them. One core of an
// AMD EPYC with AVX-512, Node 20, without fused multiply-add, 2026-11-26: direct 1: 3 GFLOP/s; 2: 17; 3: 62.
// tile 1: 1,700 to 1,900 million elements a second; 2: 3,100 to 3,700.

export { frameImage_f32, packFilters_f32 };

/** 1: y = the convolution of a framed image with w `[taps · channels, filters]`, by its definition. */
export function direct_1(
  frame: usize,
  w: usize,
  _packed: usize,
  y: usize,
  frameWidth: i32,
  channels: i32,
  filters: i32,
  kernelHeight: i32,
  run: i32,
  outHeight: i32,
  outWidth: i32,
): void {
  for (let row = 0; row < outHeight; row++) {
    for (let column = 0; column < outWidth; column++) {
      for (let filter = 0; filter < filters; filter++) {
        let sum: f32 = 0;
        for (let i = 0; i < kernelHeight; i++) {
          const from = ((row + i) * frameWidth + column) * channels;
          for (let p = 0; p < run; p++) {
            const tap = (i * run + p) * filters + filter;
            const x = load<f32>(frame + ((<usize>(from + p)) << 2));
            sum += x * load<f32>(w + ((<usize>tap) << 2));
          }
        }
        store<f32>(y, sum);
        y += 4;
      }
    }
  }
}

/** 2: four filters at a time, pixel by pixel, w as it lies. */
export function direct_2(
  frame: usize,
  w: usize,
  _packed: usize,
  y: usize,
  frameWidth: i32,
  channels: i32,
  filters: i32,
  kernelHeight: i32,
  run: i32,
  outHeight: i32,
  outWidth: i32,
): void {
  const pitch = (<usize>filters) << 2;
  for (let row = 0; row < outHeight; row++) {
    for (let column = 0; column < outWidth; column++) {
      for (let filter = 0; filter < filters; filter += 4) {
        let sum = f32x4.splat(0);
        let tap = w + ((<usize>filter) << 2);
        for (let i = 0; i < kernelHeight; i++) {
          let from = frame + ((<usize>(((row + i) * frameWidth + column) * channels)) << 2);
          for (let p = 0; p < run; p++) {
            sum = f32x4.add(sum, f32x4.mul(v128.load32_splat(from), v128.load(tap)));
            from += 4;
            tap += pitch;
          }
        }
        v128.store(y, sum);
        y += 16;
      }
    }
  }
}

/**
 * 3: the one that ships: packed filters, tiles of 4 pixels by 8 filters in registers. Its inner loop unrolled
 * twice was a fifth slower (V8 spills).
 */
export function direct_3(
  frame: usize,
  _w: usize,
  packed: usize,
  y: usize,
  frameWidth: i32,
  channels: i32,
  filters: i32,
  kernelHeight: i32,
  run: i32,
  outHeight: i32,
  outWidth: i32,
): void {
  convDirect_f32(
    frame,
    packed,
    y,
    frameWidth,
    channels,
    filters,
    kernelHeight,
    run,
    1,
    1,
    outHeight,
    outWidth,
    false,
  );
}

/** target (+)= Σ matrix[i] · source[i] over vectors of one cache line. */
function combine(matrix: usize, source: usize, pitch: usize, count: i32, target: usize): void {
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  let c = f32x4.splat(0);
  let d = f32x4.splat(0);
  for (let i = 0; i < count; i++) {
    if (load<f32>(matrix) != 0) {
      const factor = v128.load32_splat(matrix);
      a = f32x4.add(a, f32x4.mul(factor, v128.load(source)));
      b = f32x4.add(b, f32x4.mul(factor, v128.load(source, 16)));
      c = f32x4.add(c, f32x4.mul(factor, v128.load(source, 32)));
      d = f32x4.add(d, f32x4.mul(factor, v128.load(source, 48)));
    }
    matrix += 4;
    source += pitch;
  }
  v128.store(target, a);
  v128.store(target, b, 16);
  v128.store(target, c, 32);
  v128.store(target, d, 48);
}

/**
 * Points `[5, 5, images, length]` of tiles `[images, 5, 5, length]` by the matrix `[5, 5]` of `Three`; 1: the
 * matrix comes as numbers, and its zeros are skipped.
 */
export function tile_1(
  source: usize,
  matrix: usize,
  target: usize,
  images: i32,
  length: i32,
): void {
  const between: usize = 16384;
  const vector = (<usize>length) << 2;
  const point = <usize>images * vector;
  for (let image = 0; image < images; image++) {
    for (let at: usize = 0; at < vector; at += 64) {
      for (let i = 0; i < 5; i++) {
        for (let j = 0; j < 5; j++) {
          const row = source + at + <usize>(5 * i) * vector;
          combine(matrix + <usize>(20 * j), row, vector, 5, between + <usize>(320 * i + 64 * j));
        }
      }
      for (let i = 0; i < 5; i++) {
        for (let j = 0; j < 5; j++) {
          const to = target + at + <usize>(5 * i + j) * point;
          combine(matrix + <usize>(20 * i), between + <usize>(64 * j), 320, 5, to);
        }
      }
    }
    source += 25 * vector;
    target += vector;
  }
}

/** 2: the one that ships: code for each map. */
export function tile_2(
  source: usize,
  _matrix: usize,
  target: usize,
  images: i32,
  length: i32,
): void {
  const vector = (<usize>length) << 2;
  const point = <usize>images * vector;
  transformTile_f32(
    2,
    2,
    source,
    0,
    5,
    0,
    5,
    5 * vector,
    vector,
    25 * vector,
    target,
    5,
    5,
    5 * point,
    point,
    vector,
    0,
    images,
    length,
  );
}
