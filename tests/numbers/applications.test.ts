import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  countParameters,
  findApplication,
  kerasApplications,
  type Model,
  type ResidualNetworkOptions,
  torchvision,
} from '../../src/node.js';

type Build = (options?: ResidualNetworkOptions) => Model;

/** What `count_params()` says of the networks of keras.applications (Keras 3.15.1). */
const keras: readonly [Build, number][] = [
  [kerasApplications.resNet50, 25_636_712],
  [kerasApplications.resNet101, 44_707_176],
  [kerasApplications.resNet152, 60_419_944],
  [kerasApplications.resNet50V2, 25_613_800],
  [kerasApplications.resNet101V2, 44_675_560],
  [kerasApplications.resNet152V2, 60_380_648],
];

/** `num_params` in the metadata of torchvision's weights, which leave the moving statistics out. */
const torch: readonly [Build, number][] = [
  [torchvision.resnet18, 11_689_512],
  [torchvision.resnet34, 21_797_672],
  [torchvision.resnet50, 25_557_032],
  [torchvision.resnet101, 44_549_160],
  [torchvision.resnet152, 60_192_808],
  [torchvision.resnext50_32x4d, 25_028_904],
  [torchvision.resnext101_32x8d, 88_791_336],
  [torchvision.resnext101_64x4d, 83_455_272],
  [torchvision.wide_resnet50_2, 68_883_240],
  [torchvision.wide_resnet101_2, 126_886_696],
];

test('parameters of keras.applications', () => {
  for (const [build, count] of keras) assert.equal(build().countParams(), count);
});

test('parameters of torchvision', () => {
  for (const [build, count] of torch) {
    const model = build();
    assert.equal(countParameters(model.network).trainable, count, model.name);
  }
});

test('a plain twin is its residual network without what the projections add', () => {
  const projections = [64 * 128, 128 * 256, 256 * 512].reduce((sum, n) => sum + n, 0);
  const scales = 2 * (128 + 256 + 512);
  const { trainable } = countParameters(torchvision.plain34().network);
  assert.equal(trainable, 21_797_672 - projections - scales);
});

test('heads: classes, pooling, activation', () => {
  const inputShape = [64, 48, 3];
  const shapeOf = (options: ResidualNetworkOptions) =>
    kerasApplications.resNet50({ inputShape, ...options }).outputShapes[0];
  assert.deepEqual(shapeOf({ classes: 7 }), [7]);
  assert.deepEqual(shapeOf({ includeTop: false }), [2, 2, 2048]);
  assert.deepEqual(shapeOf({ includeTop: false, pooling: 'avg' }), [2048]);
  assert.deepEqual(shapeOf({ includeTop: false, pooling: 'max' }), [2048]);
  const logits = torchvision.resnet18({ classifierActivation: null });
  assert.equal(logits.getLayer('predictions').getConfig().activation, 'linear');
  assert.throws(() => shapeOf({ pooling: 'mean' as 'avg' }), /unknown pooling 'mean'/);
  assert.throws(
    () => torchvision.resnet18({ inputShape: [224, 224] }),
    /\[height, width, channels\]/,
  );
});

test('other names that people know are found too', () => {
  for (const [alias, name] of [
    ['wide_resnet50_2', 'wide-resnet50-2'],
    ['resnext101_32x8d', 'resnext101-32x8d'],
    ['torchvision-resnet18', 'resnet-18'],
    ['resnet34', 'resnet-34'],
    ['cifar-plain-20', 'plain-20'],
  ]) {
    assert.equal(findApplication(alias).name, name);
  }
});
