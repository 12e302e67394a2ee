import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ShapeError, UnknownNameError, ValueError } from '../../core/errors.js';
import { ArrayDataset } from '../array-dataset.js';
import { type Dataset, type GatherContext, splitDataset, subset } from '../dataset.js';
import { augment } from './augment.js';
import { type Augmentation, describeAugmentation } from './augmentation.js';
import { colorJitter } from './color-jitter.js';
import { cutmix } from './cutmix.js';
import { cutout } from './cutout.js';
import { sourcePlace } from './fill-mode.js';
import { flip } from './flip.js';
import { mixup } from './mixup.js';
import { normalize } from './normalize.js';
import { padCrop } from './pad-crop.js';
import { randAugment } from './rand-augment.js';
import { randomErasing } from './random-erasing.js';
import { augmentationNames, resolveAugmentation } from './registry.js';
import { rotate } from './rotate.js';
import { shift } from './shift.js';
import { zoom } from './zoom.js';

const [HEIGHT, WIDTH, CHANNELS, CLASSES] = [6, 5, 3, 4];
const IMAGE = HEIGHT * WIDTH * CHANNELS;

/** Images of bytes that no two samples share, in classes by turns. */
function images(count: number): ArrayDataset {
  const data = Uint8Array.from({ length: count * IMAGE }, (_, i) => (i * 37 + (i >> 4)) % 256);
  return new ArrayDataset({
    inputs: { data, shape: [count, HEIGHT, WIDTH, CHANNELS], scale: 1 / 255 },
    targets: {
      data: Uint8Array.from({ length: count }, (_, i) => i % CLASSES),
      shape: [count],
      oneHot: CLASSES,
    },
    classNames: ['a', 'b', 'c', 'd'],
  });
}

function gathered(dataset: Dataset, indices: readonly number[], context?: GatherContext) {
  const inputs = new Float32Array(indices.length * IMAGE);
  const targets = new Float32Array(indices.length * CLASSES);
  assert.equal(dataset.gather(Uint32Array.from(indices), [inputs], [targets], context), undefined);
  return { inputs, targets };
}

const everything = [
  flip({ vertical: true }),
  padCrop({ padding: 2, fillMode: 'reflect' }),
  shift(),
  rotate(),
  zoom(),
  colorJitter({ brightness: 0.3, contrast: 0.3, saturation: 0.3, hue: 0.2 }),
  randAugment(),
  randomErasing({ fillValue: 'random' }),
  cutout({ size: 2, probability: 0.5 }),
  mixup(),
  cutmix({ probability: 0.5 }),
  normalize({ mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.4] }),
];

test('a sample follows from seed, epoch and index alone, whatever the batches', () => {
  const dataset = augment(images(40), everything);
  fc.assert(
    fc.property(
      fc.array(fc.nat(39), { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 12 }),
      fc.maxSafeNat(),
      fc.nat(1000),
      (indices, batch, seed, epoch) => {
        const whole = gathered(dataset, indices, { seed, epoch });
        const fresh = augment(images(40), everything);
        for (let from = 0; from < indices.length; from += batch) {
          const part = gathered(fresh, indices.slice(from, from + batch), { seed, epoch });
          assert.deepEqual(
            part.inputs,
            whole.inputs.slice(from * IMAGE, from * IMAGE + part.inputs.length),
          );
          assert.deepEqual(
            part.targets,
            whole.targets.slice(from * CLASSES, from * CLASSES + part.targets.length),
          );
        }
      },
    ),
    { seed: 5, numRuns: 60 },
  );
});

test('other seeds, epochs, samples and places in the list draw anew', () => {
  const count = 64;
  const all = Array.from({ length: count }, (_, i) => i);
  const plain = gathered(images(count), all).inputs;
  const flipped = (list: readonly Augmentation[], context: GatherContext) => {
    const { inputs } = gathered(augment(images(count), list), all, context);
    return all.map((i) => Number(inputs[i * IMAGE] !== plain[i * IMAGE])).join('');
  };
  const draws = [
    flipped([flip()], { seed: 1, epoch: 0 }),
    flipped([flip()], { seed: 2, epoch: 0 }),
    flipped([flip()], { seed: 1 + 2 ** 32, epoch: 0 }),
    flipped([flip()], { seed: 1, epoch: 1 }),
    flipped([padCrop({ padding: 0 }), flip()], { seed: 1, epoch: 0 }),
  ];
  assert.equal(new Set(draws).size, draws.length);
  for (const draw of draws) {
    const share = draw.split('1').length - 1;
    assert.ok(share > 16 && share < 48, draw);
  }
});

test('evaluation gets samples as they are, but normalized', () => {
  const all = [0, 5, 9];
  const plain = gathered(images(10), all);
  const augmented = gathered(augment(images(10), everything), all);
  const normalized = gathered(augment(images(10), everything.slice(-1)), all);
  assert.deepEqual(augmented, normalized);
  assert.deepEqual(augmented.targets, plain.targets);
  assert.ok(Math.abs(augmented.inputs[1] - (plain.inputs[1] - 0.4) / 0.3) < 1e-6);
  assert.deepEqual(augment(images(3), everything).classNames, ['a', 'b', 'c', 'd']);
});

test('nothing beyond the samples that were asked for is written', () => {
  const dataset = augment(images(8), everything);
  const inputs = new Float32Array(3 * IMAGE).fill(9);
  const targets = new Float32Array(3 * CLASSES).fill(9);
  void dataset.gather(Uint32Array.of(4, 1), [inputs], [targets], { seed: 3, epoch: 2 });
  assert.ok(inputs.subarray(2 * IMAGE).every((value) => value === 9));
  assert.ok(targets.subarray(2 * CLASSES).every((value) => value === 9));
  assert.ok(inputs.subarray(0, 2 * IMAGE).every(Number.isFinite));
});

test('mixup blends a sample and its one-hot target by the same share', () => {
  const count = 200;
  const plain = gathered(
    images(count),
    Array.from({ length: count }, (_, i) => i),
  );
  const dataset = augment(images(count), [mixup({ alpha: 1 })]);
  const shares: number[] = [];
  for (let i = 0; i < count; i++) {
    const { inputs, targets } = gathered(dataset, [i], { seed: 4, epoch: 0 });
    const own = targets[i % CLASSES];
    assert.ok(Math.abs(targets.reduce((sum, value) => sum + value) - 1) < 1e-6);
    if (own === 1) continue;
    const other = targets.findIndex((value, k) => k !== i % CLASSES && value > 0);
    // Only one sample of the other class can be the partner: the images tell which.
    const fits = (j: number) =>
      inputs.every((value, k) => {
        const mixed = own * plain.inputs[i * IMAGE + k] + (1 - own) * plain.inputs[j * IMAGE + k];
        return Math.abs(value - mixed) < 1e-6;
      });
    const partners = Array.from({ length: count }, (_, j) => j).filter(
      (j) => j % CLASSES === other && fits(j),
    );
    assert.ok(partners.length >= 1, `no partner for sample ${i}`);
    shares.push(own);
  }
  assert.ok(shares.length > 100);
  const mean = shares.reduce((sum, share) => sum + share) / shares.length;
  assert.ok(Math.abs(mean - 0.5) < 0.1, `mean share ${mean}`);
});

test('cutmix replaces a rectangle and blends the targets by its area', () => {
  const count = 60;
  const all = Array.from({ length: count }, (_, i) => i);
  const plain = gathered(images(count), all);
  const { inputs, targets } = gathered(augment(images(count), [cutmix()]), all, {
    seed: 1,
    epoch: 3,
  });
  let cut = 0;
  for (const i of all) {
    let changed = 0;
    for (let pixel = 0; pixel < HEIGHT * WIDTH; pixel++) {
      const at = i * IMAGE + pixel * CHANNELS;
      if (plain.inputs.slice(at, at + 3).join() !== inputs.slice(at, at + 3).join()) changed++;
    }
    const own = targets[i * CLASSES + (i % CLASSES)];
    if (own === 1) continue;
    cut++;
    assert.ok(Math.abs(1 - own - changed / (HEIGHT * WIDTH)) < 1e-6, `sample ${i}`);
  }
  assert.ok(cut > 20);
});

test('a part of augmented data mixes with samples of that part only', () => {
  const count = 20;
  const { train, validation } = splitDataset(augment(images(count), [mixup({ alpha: 1 })]), 0.5);
  const first = Array.from({ length: 10 }, (_, i) => i);
  const alone = augment(subset(images(count), 0, 10), [mixup({ alpha: 1 })]);
  const context = { seed: 0, epoch: 0 };
  assert.deepEqual(gathered(train, first, context), gathered(alone, first, context));
  const plain = gathered(subset(images(count), 10, 20), first);
  assert.deepEqual(gathered(validation, first), plain);
});

test('padCrop gives a part of the padded image, whatever lies beyond the border', () => {
  const padding = 7;
  const all = Array.from({ length: 30 }, (_, i) => i);
  const plain = gathered(images(30), all).inputs;
  for (const fillMode of ['constant', 'nearest', 'reflect', 'wrap'] as const) {
    const dataset = augment(images(30), [padCrop({ padding, fillMode, fillValue: 0.5 })]);
    const { inputs } = gathered(dataset, all, { seed: 2, epoch: 1 });
    for (const i of all) {
      const image = plain.subarray(i * IMAGE, (i + 1) * IMAGE);
      const found = inputs.subarray(i * IMAGE, (i + 1) * IMAGE);
      const isShift = (down: number, right: number) =>
        found.every((value, k) => {
          const [y, x] = [Math.floor(k / CHANNELS / WIDTH), Math.floor(k / CHANNELS) % WIDTH];
          const row = sourcePlace(y + down, HEIGHT, fillMode);
          const column = sourcePlace(x + right, WIDTH, fillMode);
          const outside = row < 0 || column < 0;
          return (
            value === (outside ? 0.5 : image[(row * WIDTH + column) * CHANNELS + (k % CHANNELS)])
          );
        });
      const shifts = Array.from({ length: 2 * padding + 1 }, (_, k) => k - padding);
      assert.ok(
        shifts.some((down) => shifts.some((right) => isShift(down, right))),
        `${fillMode}, sample ${i}`,
      );
    }
  }
});

test('mixing needs one-hot targets, and changes of images need images', () => {
  const labels = new ArrayDataset({
    inputs: { data: new Float32Array(2 * IMAGE), shape: [2, HEIGHT, WIDTH, CHANNELS] },
    targets: { data: Uint8Array.of(0, 1), shape: [2] },
  });
  assert.throws(() => augment(labels, [mixup()]), {
    name: 'ShapeError',
    message: /mixup blends targets, so it needs one-hot rows, .* shape \[\]; make them one-hot/,
  });
  const flat = new ArrayDataset({
    inputs: { data: new Float32Array(4), shape: [2, 2] },
    targets: { data: Uint8Array.of(0, 1), shape: [2], oneHot: 2 },
  });
  for (const change of [flip(), cutmix(), cutout()]) {
    assert.throws(() => augment(flat, [change]), ShapeError);
  }
  assert.doesNotThrow(() => augment(flat, [mixup()]));
});

test('changes of colour come before normalize', () => {
  const last = normalize({ mean: 0.5, std: 0.5 });
  assert.doesNotThrow(() => augment(images(2), [randAugment(), flip(), last]));
  assert.throws(() => augment(images(2), [last, randAugment()]), {
    name: 'ValueError',
    message: /randAugment needs pixels in \[0, 1\], but normalize comes before it/,
  });
});

test('every augmentation has a name, and its description makes it again', () => {
  assert.deepEqual(everything.map(({ name }) => name).sort(), [...augmentationNames].sort());
  const descriptions = everything.map(describeAugmentation);
  const json = JSON.parse(JSON.stringify(descriptions)) as typeof descriptions;
  const again = json.map(({ name, ...options }) => resolveAugmentation(name, options));
  assert.deepEqual(again.map(describeAugmentation), descriptions);
  const context = { seed: 8, epoch: 1 };
  assert.deepEqual(
    gathered(augment(images(9), again), [3, 8], context),
    gathered(augment(images(9), everything), [3, 8], context),
  );
  assert.throws(() => resolveAugmentation('padcrop'), {
    name: 'UnknownNameError',
    message: /unknown augmentation 'padcrop'; did you mean 'padCrop'\?/,
  });
  assert.throws(() => resolveAugmentation('padCrop', { pading: 4 }), UnknownNameError);
});

test('options out of range are refused by name', () => {
  const bad: [string, Record<string, unknown>, RegExp][] = [
    ['flip', { probability: 2 }, /flip: probability must be a number from 0 to 1, got 2/],
    ['flip', { horizontal: 'yes' }, /flip: horizontal must be true or false, got "yes"/],
    ['padCrop', { padding: 1.5 }, /padCrop: padding must be an integer from 0/],
    ['padCrop', { fillMode: 'edge' }, /padCrop: fillMode must be one of constant, nearest/],
    ['rotate', { degrees: Number.NaN }, /rotate: degrees/],
    ['zoom', { range: [1.2, 0.8] }, /zoom: range must be \[low, high\]/],
    ['zoom', { range: [0, 1] }, /zoom: range must be above/],
    ['colorJitter', { hue: 0.7 }, /colorJitter: hue/],
    ['randAugment', { magnitude: 31 }, /randAugment: magnitude/],
    ['randomErasing', { ratio: [0, 2] }, /randomErasing: ratio/],
    ['randomErasing', { fillValue: 'noise' }, /randomErasing: fillValue/],
    ['cutout', { size: 0 }, /cutout: size/],
    ['mixup', { alpha: 0 }, /mixup: alpha/],
    ['mixup', { alpha: null }, /mixup: alpha is null/],
    ['normalize', { std: 0 }, /normalize: std must be above 0/],
    ['normalize', { mean: ['a'] }, /normalize: mean must be a list of numbers/],
  ];
  for (const [name, options, message] of bad) {
    assert.throws(
      () => resolveAugmentation(name, options),
      (error: unknown) => {
        assert.ok(error instanceof ValueError, name);
        assert.match(error.message, message);
        return true;
      },
    );
  }
  const grey = new ArrayDataset({
    inputs: { data: new Float32Array(8), shape: [2, 2, 2, 1] },
    targets: { data: Uint8Array.of(0, 1), shape: [2], oneHot: 2 },
  });
  assert.throws(() => augment(grey, [colorJitter({ hue: 0.1 })]), ShapeError);
  assert.throws(() => augment(grey, [normalize({ mean: [1, 2, 3], std: 1 })]), ShapeError);
  assert.doesNotThrow(() => augment(grey, [colorJitter({ brightness: 0.1 }), randAugment()]));
});
