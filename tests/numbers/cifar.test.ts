import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  cifarPlain,
  cifarResnet,
  countParameters,
  findApplication,
  Model,
  summarize,
} from '../../src/node.js';

const images = { inputShape: [28, 28, 1], classes: 10 };

/** Trainable parameters of the paper's networks on images of one channel (NUMBERS of the literature). */
const counts = [
  [20, 269_434],
  [32, 463_866],
  [44, 658_298],
  [56, 852_730],
  [110, 1_727_674],
] as const;

for (const [depth, trainable] of counts) {
  test(`parameters of depth ${depth}: the same with and without shortcuts`, () => {
    const networks = [
      cifarResnet({ ...images, depth }),
      cifarPlain({ ...images, depth }),
      findApplication(`cifar-resnet-${depth}`).build(images),
    ];
    for (const { network } of networks) assert.equal(countParameters(network).trainable, trainable);
  });

  test(`weighted layers of depth ${depth}`, () => {
    const weighted = cifarResnet({ depth }).layers.filter((layer) =>
      ['Conv2D', 'Dense'].includes(layer.className),
    );
    assert.equal(weighted.length, depth);
  });
}

test('shortcut B adds two 1×1 convolutions with their normalisations', () => {
  const extra = 16 * 32 + 2 * 32 + 32 * 64 + 2 * 64;
  const b = cifarResnet({ ...images, depth: 20, shortcut: 'B' });
  assert.equal(countParameters(b.network).trainable, 269_434 + extra);
});

test('sizes and names', () => {
  const rows = summarize(cifarResnet({ depth: 20 }).network);
  const shapes = new Map(rows.map((row) => [row.name, row.outputShape]));
  assert.deepEqual(shapes.get('conv2_block3_out'), [null, 32, 32, 16]);
  assert.deepEqual(shapes.get('conv3_block1_0_pool'), [null, 16, 16, 16]);
  assert.deepEqual(shapes.get('conv3_block1_0_pad'), [null, 16, 16, 32]);
  assert.deepEqual(shapes.get('conv4_block3_out'), [null, 8, 8, 64]);
  assert.deepEqual(shapes.get('predictions'), [null, 10]);
});

test('the width sets the channels of all stages', () => {
  const rows = summarize(cifarPlain({ depth: 56, width: 6 }).network);
  const shapes = new Map(rows.map((row) => [row.name, row.outputShape]));
  assert.equal(shapes.get('conv2_block9_out')?.[3], 6);
  assert.equal(shapes.get('conv4_block9_out')?.[3], 24);
});

test('without normalisation every convolution has a bias', () => {
  const { layers } = cifarPlain({ depth: 20, normalization: 'none' });
  assert.equal(
    layers.some((layer) => layer.className === 'BatchNormalization'),
    false,
  );
  const biased = layers.filter((layer) => layer.weights.some(({ name }) => name === 'bias'));
  assert.equal(biased.length, 20);
});

test('pre-activation: relu stands before the convolutions and after the last addition', () => {
  const names = cifarResnet({ depth: 20, version: 'v2' }).layers.map((layer) => layer.name);
  const first = names.indexOf('conv2_block1_preact_bn');
  assert.deepEqual(names.slice(first - 1, first + 2), [
    'conv1_conv',
    'conv2_block1_preact_bn',
    'conv2_block1_preact_relu',
  ]);
  assert.deepEqual(names.slice(-5), [
    'conv4_block3_out',
    'post_bn',
    'post_relu',
    'avg_pool',
    'predictions',
  ]);
});

test('with zero-initialised branches the shortcut passes unchanged, zeros in its new channels', async () => {
  const whole = cifarResnet({ depth: 8, width: 4, zeroInitResidual: true, inputShape: [6, 7, 3] });
  const samples = {
    data: Float32Array.from({ length: 6 * 7 * 3 }, (_, i) => Math.sin(i)),
    shape: [1, 6, 7, 3],
  };
  const [before, after] = await Promise.all(
    ['conv2_block1_out', 'conv3_block1_out'].map(async (name) => {
      const node = whole.network.nodes.find(({ layer }) => layer.name === name);
      const model = new Model({
        inputs: whole.network.inputs,
        outputs: node?.outputs ?? [],
        name: `until_${name}`,
      });
      model.compile({ loss: 'meanSquaredError', executor: 'reference', replicas: 1 });
      const result = await model.predict(samples);
      await model.dispose();
      return result;
    }),
  );
  assert.deepEqual(after.shape, [1, 3, 4, 8]);
  for (let y = 0; y < 3; y++) {
    for (let x = 0; x < 4; x++) {
      const at = (y * 4 + x) * 8;
      const from = (2 * y * 7 + 2 * x) * 4;
      const wanted = [0, 0, ...before.data.slice(from, from + 4), 0, 0];
      assert.deepEqual([...after.data.slice(at, at + 8)], wanted);
    }
  }
});

test('refuses what is not one of them', () => {
  assert.throws(() => cifarResnet({ depth: 21 }), /depth must be 6n \+ 2.*got 21/);
  assert.throws(() => cifarResnet({ depth: 20, shortcut: 'C' as 'A' }), /unknown shortcut .*'C'/);
  assert.throws(() => cifarResnet({ depth: 20, version: 'v3' as 'v1' }), /unknown version .*'v3'/);
  assert.throws(() => findApplication('resnet-21'), /did you mean 'resnet-20'/);
});
