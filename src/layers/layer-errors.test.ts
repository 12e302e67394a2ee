import assert from 'node:assert/strict';
import { test } from 'node:test';
import { activation } from './activation.js';
import { add } from './add.js';
import { batchNormalization } from './batch-normalization.js';
import { concatenate } from './concatenate.js';
import { conv2d } from './conv2d.js';
import { dense } from './dense.js';
import { dropout } from './dropout.js';
import { input } from './input-layer.js';
import { maxPooling2d } from './max-pooling2d.js';
import { layerFromConfig } from './registry.js';
import { zeroPadding2d } from './zero-padding2d.js';

const image = () => input({ shape: [8, 8, 3] });

const rows: readonly [what: string, run: () => unknown, code: string, message: RegExp][] = [
  [
    'no filters',
    () => conv2d({ filters: 0, kernelSize: 3 }),
    'E_VALUE',
    /filters must be an integer ≥ 1, got 0/,
  ],
  [
    'bad pair',
    () => conv2d({ filters: 1, kernelSize: [3, 0] }),
    'E_VALUE',
    /kernelSize .* got \[3,0\]/,
  ],
  [
    'bad padding',
    () => maxPooling2d({ padding: 'sam' as 'same' }),
    'E_UNKNOWN',
    /did you mean 'same'/,
  ],
  ['bad activation', () => activation('rellu' as 'relu'), 'E_UNKNOWN', /did you mean 'relu'/],
  ['inherited name', () => activation('toString' as 'relu'), 'E_UNKNOWN', /activation 'toString'/],
  [
    'bad initializer',
    () => dense({ units: 1, kernelInitializer: 'heNorml' as 'heNormal' }),
    'E_UNKNOWN',
    /did you mean 'heNormal'/,
  ],
  [
    'negative penalty',
    () => dense({ units: 1, kernelRegularizer: { l2: -1 } }),
    'E_VALUE',
    /l2 must be a number ≥ 0, got -1/,
  ],
  ['rate of 1', () => dropout({ rate: 1 }), 'E_VALUE', /rate must be a number ≥ 0 and < 1, got 1/],
  [
    'negative zeros',
    () => zeroPadding2d({ padding: [-1, 0] }),
    'E_VALUE',
    /padding must be an integer ≥ 0/,
  ],
  ['joined batches', () => concatenate({ axis: 0 }), 'E_VALUE', /which is the batch/],
  [
    'empty shape',
    () => input({ shape: [28, 0, 1] }),
    'E_VALUE',
    /shape must be a list of integers ≥ 1/,
  ],
  ['bad name', () => dense({ units: 1, name: '../x' }), 'E_VALUE', /layer name "..\/x" must begin/],
  ['a list of one', () => add()([image()]), 'E_GRAPH', /takes a list of at least 2 tensors/],
  [
    'a single tensor',
    () => add()(image()),
    'E_GRAPH',
    /takes a list of at least 2 tensors, .* but got 1/,
  ],
  ['a list', () => activation('relu')([image(), image()]), 'E_GRAPH', /takes one tensor/],
  ['no tensor', () => activation('relu')(undefined as never), 'E_GRAPH', /was called on undefined/],
  [
    'a layer',
    () => activation('relu')(dense({ units: 1, name: 'd' }) as never),
    'E_GRAPH',
    /layer 'd' itself/,
  ],
  [
    'different shapes',
    () => add({ name: 'sum' })([image(), input({ shape: [8, 8, 4] })]),
    'E_SHAPE',
    /layer 'sum': cannot add/,
  ],
  [
    'a vector',
    () => conv2d({ filters: 1, kernelSize: 3, name: 'c' })(input({ shape: [9] })),
    'E_SHAPE',
    /layer 'c' expects images/,
  ],
  [
    'too small',
    () => conv2d({ filters: 1, kernelSize: 9, name: 'c' })(image()),
    'E_SHAPE',
    /layer 'c'.*does not fit/,
  ],
  [
    'bad groups',
    () => conv2d({ filters: 2, kernelSize: 1, groups: 2 })(image()),
    'E_SHAPE',
    /divisible by groups = 2/,
  ],
  [
    'first axis',
    () => batchNormalization({ axis: 1 })(image()),
    'E_SHAPE',
    /axis must be -1 or 3, got 1/,
  ],
  [
    'unknown data format',
    () => zeroPadding2d({ dataFormat: 'channelFirst' as never }),
    'E_UNKNOWN',
    /did you mean 'channelsFirst'/,
  ],
  ['unknown class', () => layerFromConfig('Conv3D', {}), 'E_UNKNOWN', /did you mean 'Conv2D'/],
  ['inherited class', () => layerFromConfig('constructor', {}), 'E_UNKNOWN', /unknown layer/],
  [
    'unknown option',
    () => layerFromConfig('Dense', { units: 1, unit: 2 }),
    'E_UNKNOWN',
    /did you mean 'units'/,
  ],
  [
    'lambda of a file',
    () => layerFromConfig('Lambda', {}, { name: 'toString' }),
    'E_FORMAT',
    /hand it in by name/,
  ],
];

for (const [what, run, code, message] of rows) {
  test(`refuses ${what}`, () => {
    assert.throws(run, (error: Error & { code: string }) => {
      assert.equal(error.code, code);
      assert.match(error.message, message);
      return true;
    });
  });
}
