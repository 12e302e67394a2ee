import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArrayDataset } from '../array-dataset.js';
import { augment } from './augment.js';
import type { Augmentation } from './augmentation.js';
import { colorJitter } from './color-jitter.js';
import { cutmix } from './cutmix.js';
import { cutout } from './cutout.js';
import { mixup } from './mixup.js';
import { padCrop } from './pad-crop.js';
import { randomErasing } from './random-erasing.js';

const COUNT = 8000;
const SIDE = 15;

/** So many images of one grey in an epoch of training, and their one-hot rows of two classes by turns. */
function drawn(augmentation: Augmentation, side = SIDE, marked = false, grey = 128) {
  const size = side * side;
  const data = new Uint8Array(COUNT * size).fill(marked ? 0 : grey);
  // One bright pixel in the middle tells where an image went.
  if (marked) for (let i = 0; i < COUNT; i++) data[i * size + (size >> 1)] = 255;
  const dataset = augment(
    new ArrayDataset({
      inputs: { data, shape: [COUNT, side, side, 1], scale: 1 / 255 },
      targets: {
        data: Uint8Array.from({ length: COUNT }, (_, i) => i % 2),
        shape: [COUNT],
        oneHot: 2,
      },
    }),
    [augmentation],
  );
  const images = new Float32Array(COUNT * size);
  const targets = new Float32Array(COUNT * 2);
  const indices = Uint32Array.from({ length: COUNT }, (_, i) => i);
  void dataset.gather(indices, [images], [targets], { seed: 6, epoch: 4 });
  const image = (i: number) => images.subarray(i * size, (i + 1) * size);
  return { all: Array.from({ length: COUNT }, (_, i) => image(i)), targets };
}

/** χ² of counts that should be equal, in standard deviations from its mean. */
function unevenness(counts: readonly number[]): number {
  const mean = counts.reduce((sum, count) => sum + count) / counts.length;
  const square = counts.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0);
  const freedom = counts.length - 1;
  return (square - freedom) / Math.sqrt(2 * freedom);
}

function counted(values: readonly number[], bins: number): number[] {
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) counts[value]++;
  return counts;
}

const moments = (values: readonly number[]) => {
  const mean = values.reduce((sum, value) => sum + value) / values.length;
  return { mean, variance: values.reduce((s, v) => s + (v - mean) ** 2, 0) / values.length };
};

test('padCrop: all shifts are equally frequent', () => {
  const { all } = drawn(padCrop({ padding: 2 }), SIDE, true);
  const centre = SIDE >> 1;
  const shifts = all.map((image) => {
    const place = image.indexOf(1);
    const [row, column] = [Math.floor(place / SIDE), place % SIDE];
    return (row - centre + 2) * 5 + (column - centre + 2);
  });
  assert.ok(Math.abs(unevenness(counted(shifts, 25))) < 4);
});

test('cutout: the centre may be any pixel', () => {
  const { all } = drawn(cutout({ size: 1 }));
  const places = all.map((image) => image.indexOf(0));
  assert.ok(Math.abs(unevenness(counted(places, SIDE * SIDE))) < 4);
});

test('randomErasing: half of the images, areas and ratios as asked, anywhere', () => {
  const side = 40;
  const { all } = drawn(randomErasing({ scale: [0.05, 0.25], ratio: [0.5, 2] }), side);
  const areas: number[] = [];
  const ratios: number[] = [];
  const middles: number[] = [];
  for (const image of all) {
    const first = image.indexOf(0);
    if (first < 0) continue;
    const last = image.lastIndexOf(0);
    const height = Math.floor(last / side) - Math.floor(first / side) + 1;
    const width = (last % side) - (first % side) + 1;
    areas.push((height * width) / side ** 2);
    ratios.push(Math.log(height / width));
    // Where it begins, as a share of where it may.
    middles.push((first % side) / (side - width));
  }
  assert.ok(Math.abs(areas.length / COUNT - 0.5) < 0.02, `${areas.length} were erased`);
  const area = moments(areas);
  assert.ok(Math.abs(area.mean - 0.15) < 0.003, `mean area ${area.mean}`);
  assert.ok(Math.abs(area.variance / (0.2 ** 2 / 12) - 1) < 0.06, `variance ${area.variance}`);
  const ratio = moments(ratios);
  assert.ok(Math.abs(ratio.mean) < 0.02, `mean ln ratio ${ratio.mean}`);
  assert.ok(Math.abs(ratio.variance / ((2 * Math.LN2) ** 2 / 12) - 1) < 0.06);
  assert.ok(Math.abs(moments(middles).mean - 0.5) < 0.02);
});

test('colorJitter: factors are spread evenly over their range', () => {
  const { all } = drawn(colorJitter({ brightness: 0.5 }), 1, false, 100);
  const factors = all.map(([value]) => (value * 255) / 100);
  assert.ok(Math.min(...factors) > 0.4999 && Math.max(...factors) < 1.5001);
  const bins = factors.map((factor) => Math.min(9, Math.floor((factor - 0.5) * 10)));
  assert.ok(Math.abs(unevenness(counted(bins, 10))) < 4);
});

test('mixup and cutmix: shares of the beta distribution, partners of any class', () => {
  for (const alpha of [0.2, 1]) {
    const { targets } = drawn(mixup({ alpha }), 1);
    const own: number[] = [];
    let other = 0;
    for (let i = 0; i < COUNT; i++) {
      const share = targets[2 * i + (i % 2)];
      // Where the partner is of the same class, the share cannot be seen.
      if (targets[2 * i + 1 - (i % 2)] === 0) continue;
      own.push(share);
      other++;
    }
    assert.ok(other / COUNT > 0.4 && other / COUNT < 0.55, `${other} partners of the other class`);
    const { mean, variance } = moments(own);
    assert.ok(Math.abs(mean - 0.5) < 0.03, `mean share ${mean}`);
    assert.ok(Math.abs(variance * 4 * (2 * alpha + 1) - 1) < 0.08, `variance ${variance}`);
  }
  // ∫ (√u − u/4)² du = 0.321 of the area for a uniform u, the centre being anywhere; less by rounding.
  const { targets } = drawn(cutmix(), 40);
  const shares = Array.from({ length: COUNT }, (_, i) => targets[2 * i + (i % 2)]);
  const cut = shares.filter((share) => share < 1).map((share) => 1 - share);
  const { mean } = moments(cut);
  assert.ok(Math.max(...cut) > 0.8 && mean > 0.26 && mean < 0.36, `mean cut ${mean}`);
});
