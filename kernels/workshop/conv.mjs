// Checks and times the attempts of conv-attempts.ts: `node kernels/workshop/conv.mjs`. `direct`: GFLOP/s of 3×3
// convolutions of one image of a CIFAR ResNet. `tile`: millions of elements a second that go to their points.
import { FREE, loadAttempts, medianTime } from './load-attempts.mjs';

/** Height and width, channels and filters. */
const MAPS = [
  [32, 16],
  [16, 32],
  [8, 64],
];
/** Images and channels of tiles. */
const TILES = [
  [100, 256],
  [100, 64],
];
const THREE = [
  [2, -3, -3, 2, 0],
  [0, 2, 1, -1, 0],
  [0, -2, 5, -2, 0],
  [0, -1, 1, 2, 0],
  [0, 2, -3, -3, 2],
];

const { kernels, floats } = await loadAttempts('workshop/conv-attempts.ts');
const base = FREE / 4;

for (const [size, depth] of MAPS) {
  const width = size + 2;
  const rows = 9 * depth;
  const frame = base;
  const w = frame + width * width * depth;
  const packed = w + rows * depth;
  const y = packed + rows * depth;
  kernels.packFilters_f32(4 * w, 4 * packed, rows, depth);
  for (const attempt of [1, 2, 3]) {
    const places = [4 * frame, 4 * w, 4 * packed, 4 * y];
    const sizes = [width, depth, depth, 3, 3 * depth, size, size];
    const run = () => kernels[`direct_${attempt}`](...places, ...sizes);
    run();
    let worst = 0;
    for (let i = 0; i < size * size * depth; i += 7) {
      const [pixel, filter] = [Math.floor(i / depth), i % depth];
      let sum = 0;
      for (let row = 0; row < rows; row++) {
        const [tap, channel] = [Math.floor(row / depth), row % depth];
        const line = Math.floor(pixel / size) + Math.floor(tap / 3);
        const place = (line * width + (pixel % size) + (tap % 3)) * depth + channel;
        sum += floats[frame + place] * floats[w + row * depth + filter];
      }
      worst = Math.max(worst, Math.abs(sum - floats[y + i]));
    }
    const speed = (2e-6 * size * size * depth * rows) / medianTime(run);
    const what = `direct ${attempt}, ${size}×${size}×${depth}`;
    console.log(`${what}: ${speed.toFixed(1)} GFLOP/s, largest error ${worst.toExponential(1)}`);
  }
}

for (const [images, length] of TILES) {
  const matrix = base;
  floats.set(THREE.flat(), matrix);
  const source = matrix + 32;
  const count = 25 * images * length;
  const target = source + count;
  for (const attempt of [1, 2]) {
    const run = () =>
      kernels[`tile_${attempt}`](4 * source, 4 * matrix, 4 * target, images, length);
    run();
    let worst = 0;
    for (let n = 0; n < images * length; n += 13) {
      const [image, channel] = [Math.floor(n / length), n % length];
      for (let point = 0; point < 25; point++) {
        const [i, j] = [Math.floor(point / 5), point % 5];
        let sum = 0;
        for (let p = 0; p < 25; p++) {
          const factor = THREE[i][Math.floor(p / 5)] * THREE[j][p % 5];
          sum += factor * floats[source + (25 * image + p) * length + channel];
        }
        const found = floats[target + (point * images + image) * length + channel];
        worst = Math.max(worst, Math.abs(sum - found));
      }
    }
    const speed = (1e-3 * count) / medianTime(run);
    const what = `tile ${attempt}, ${images} images of ${length} channels`;
    console.log(`${what}: ${speed.toFixed(0)} M/s, largest error ${worst.toExponential(1)}`);
  }
}
