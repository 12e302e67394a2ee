import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Shape } from '../core/shape.js';
import type { CallContext } from '../graph/graph-layer.js';
import { affine } from '../ops/affine.js';
import { IrGraph, type Value } from '../ops/ir.js';
import { activation } from './activation.js';
import { add } from './add.js';
import { averagePooling2d } from './average-pooling2d.js';
import { batchNormalization } from './batch-normalization.js';
import { concatenate } from './concatenate.js';
import { conv2d } from './conv2d.js';
import { dense } from './dense.js';
import { dropout } from './dropout.js';
import { flatten } from './flatten.js';
import { globalAveragePooling2d } from './global-average-pooling2d.js';
import { globalMaxPooling2d } from './global-max-pooling2d.js';
import { heNormal } from './initializers.js';
import { input } from './input-layer.js';
import { lambda } from './lambda.js';
import type { Layer } from './layer.js';
import { maxPooling2d } from './max-pooling2d.js';
import { multiply } from './multiply.js';
import { reLU } from './re-lu.js';
import { layerFromConfig } from './registry.js';
import { reshape } from './reshape.js';
import { softmax } from './softmax.js';
import { subtract } from './subtract.js';
import { zeroPadding2d } from './zero-padding2d.js';

/** What a layer must do: shapes without the batch, weights as `name shape`, in order. */
interface LayerRow {
  what: string;
  make(): Layer;
  inputs: readonly Shape[];
  output: Shape;
  weights?: readonly string[];
  trainable?: number;
  /** Number of weights that a training step moves. */
  updates?: number;
}

/** Emits a layer for a batch of 3 and gives its output and the weights that it updates. */
function emit(layer: Layer, inputs: readonly Shape[], training: boolean) {
  const graph = new IrGraph({ replica: 0, shares: [3] });
  const updated: string[] = [];
  const context: CallContext = {
    training,
    read: (variable) => graph.variable(variable.name, variable.shape),
    update: (variable) => updated.push(variable.name),
  };
  const values = inputs.map((shape, i) => graph.input(`x${i}`, shape));
  const output = layer.call(values, context) as Value;
  return { output, updated, graph };
}

/** Checks a row: output shape, weights, training and inference, and the way through a file. */
function runLayerTest(row: LayerRow): void {
  const layer = row.make();
  const tensors = row.inputs.map((shape) => input({ shape }));
  const output = layer(tensors.length === 1 ? tensors[0] : tensors);
  assert.deepEqual(output.sampleShape, row.output);

  const names = layer.weights.map(({ name, shape }) => `${name} ${shape.join('×')}`);
  assert.deepEqual(names, row.weights ?? []);
  assert.equal(layer.trainableWeights.length, row.trainable ?? names.length);
  for (const weight of layer.weights) assert.equal(weight.hostValue.length, weight.size);

  assert.deepEqual(emit(layer, row.inputs, false).updated, []);
  const trained = emit(layer, row.inputs, true);
  assert.deepEqual(trained.output.shape, [3, ...row.output]);
  assert.equal(trained.updated.length, row.updates ?? 0);

  const { className, name } = layer;
  const config = JSON.parse(JSON.stringify(layer.getConfig()));
  const again = layerFromConfig(className, config, { name }, { [name]: (x) => affine(x, 2) });
  assert.deepEqual(again.getConfig(), layer.getConfig());
  assert.deepEqual(again.connect(tensors)[0].sampleShape, row.output);
  assert.deepEqual(
    again.weights.map(({ shape }) => shape),
    layer.weights.map(({ shape }) => shape),
  );
}

const image = [[7, 5, 4]];
const moving = ['movingMean 4', 'movingVariance 4'];
const rows: readonly LayerRow[] = [
  {
    what: 'conv2d valid',
    make: () => conv2d({ filters: 6, kernelSize: 3, activation: 'relu' }),
    inputs: image,
    output: [5, 3, 6],
    weights: ['kernel 3×3×4×6', 'bias 6'],
  },
  {
    what: 'conv2d same, strided, grouped, regularised',
    make: () =>
      conv2d({
        filters: 6,
        kernelSize: [3, 2],
        strides: [2, 1],
        padding: 'same',
        groups: 2,
        useBias: false,
        kernelInitializer: heNormal({ seed: 3 }),
        kernelRegularizer: { l2: 1e-4 },
      }),
    inputs: image,
    output: [4, 5, 6],
    weights: ['kernel 3×2×2×6'],
  },
  {
    what: 'conv2d dilated',
    make: () => conv2d({ filters: 2, kernelSize: 3, dilationRate: 2 }),
    inputs: image,
    output: [3, 1, 2],
    weights: ['kernel 3×3×4×2', 'bias 2'],
  },
  {
    what: 'batchNormalization',
    make: () => batchNormalization(),
    inputs: image,
    output: [7, 5, 4],
    weights: ['gamma 4', 'beta 4', ...moving],
    trainable: 2,
    updates: 2,
  },
  {
    what: 'batchNormalization over features, without gamma and beta',
    make: () => batchNormalization({ axis: 1, center: false, scale: false }),
    inputs: [[4]],
    output: [4],
    weights: moving,
    trainable: 0,
    updates: 2,
  },
  {
    what: 'frozen batchNormalization',
    make: () => {
      const layer = batchNormalization({ axis: 3 });
      layer.trainable = false;
      return layer;
    },
    inputs: image,
    output: [7, 5, 4],
    weights: ['gamma 4', 'beta 4', ...moving],
    trainable: 0,
  },
  { what: 'activation', make: () => activation('tanh'), inputs: image, output: [7, 5, 4] },
  { what: 'linear activation', make: () => activation('linear'), inputs: image, output: [7, 5, 4] },
  { what: 'reLU', make: () => reLU(), inputs: image, output: [7, 5, 4] },
  { what: 'softmax', make: () => softmax(), inputs: [[9]], output: [9] },
  {
    what: 'add',
    make: () => add(),
    inputs: [
      [7, 5, 4],
      [7, 5, 4],
      [7, 5, 4],
    ],
    output: [7, 5, 4],
  },
  { what: 'subtract', make: () => subtract(), inputs: [[4], [4]], output: [4] },
  {
    what: 'multiply by a gate',
    make: () => multiply(),
    inputs: [
      [7, 5, 4],
      [1, 1, 4],
    ],
    output: [7, 5, 4],
  },
  {
    what: 'concatenate',
    make: () => concatenate(),
    inputs: [
      [7, 5, 4],
      [7, 5, 1],
    ],
    output: [7, 5, 5],
  },
  {
    what: 'concatenate rows',
    make: () => concatenate({ axis: 1 }),
    inputs: [
      [7, 5, 4],
      [2, 5, 4],
    ],
    output: [9, 5, 4],
  },
  {
    what: 'zeroPadding2d',
    make: () => zeroPadding2d({ padding: 3 }),
    inputs: image,
    output: [13, 11, 4],
  },
  {
    what: 'zeroPadding2d, rows and columns',
    make: () => zeroPadding2d({ padding: [1, 2] }),
    inputs: image,
    output: [9, 9, 4],
  },
  {
    what: 'zeroPadding2d, each side',
    make: () =>
      zeroPadding2d({
        padding: [
          [0, 1],
          [2, 0],
        ],
      }),
    inputs: image,
    output: [8, 7, 4],
  },
  {
    what: 'maxPooling2d',
    make: () => maxPooling2d({ poolSize: 3, strides: 2 }),
    inputs: image,
    output: [3, 2, 4],
  },
  { what: 'maxPooling2d by default', make: () => maxPooling2d(), inputs: image, output: [3, 2, 4] },
  {
    what: 'averagePooling2d same',
    make: () => averagePooling2d({ poolSize: 2, padding: 'same' }),
    inputs: image,
    output: [4, 3, 4],
  },
  {
    what: 'globalAveragePooling2d',
    make: () => globalAveragePooling2d(),
    inputs: image,
    output: [4],
  },
  {
    what: 'globalAveragePooling2d that keeps axes',
    make: () => globalAveragePooling2d({ keepDims: true }),
    inputs: image,
    output: [1, 1, 4],
  },
  { what: 'globalMaxPooling2d', make: () => globalMaxPooling2d(), inputs: image, output: [4] },
  { what: 'flatten', make: () => flatten(), inputs: image, output: [140] },
  {
    what: 'reshape',
    make: () => reshape({ targetShape: [5, -1] }),
    inputs: image,
    output: [5, 28],
  },
  {
    what: 'dense',
    make: () => dense({ units: 3, activation: 'softmax' }),
    inputs: [[8]],
    output: [3],
    weights: ['kernel 8×3', 'bias 3'],
  },
  {
    what: 'dense over the last axis',
    make: () => dense({ units: 3, useBias: false }),
    inputs: image,
    output: [7, 5, 3],
    weights: ['kernel 4×3'],
  },
  { what: 'dropout', make: () => dropout({ rate: 0.5 }), inputs: image, output: [7, 5, 4] },
  { what: 'lambda', make: () => lambda((x) => affine(x, 2)), inputs: image, output: [7, 5, 4] },
];

for (const row of rows) test(row.what, () => runLayerTest(row));

test('dropout draws in training only', () => {
  const layer = dropout({ rate: 0.5 });
  assert.equal(emit(layer, [[4]], false).graph.operations.length, 0);
  assert.equal(emit(layer, [[4]], true).graph.operations[0].definition.name, 'dropout');
});

test('regularisers arrive at their weights', () => {
  const layer = dense({ units: 2, kernelRegularizer: { l2: 0.1 } });
  layer(input({ shape: [3] }));
  assert.deepEqual(
    layer.weights.map((weight) => weight.regularizer),
    [{ l1: 0, l2: 0.1 }, undefined],
  );
});
