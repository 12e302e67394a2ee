import assert from 'node:assert/strict';
import { test } from 'node:test';
import { add } from '../layers/add.js';
import { batchNormalization } from '../layers/batch-normalization.js';
import { dense } from '../layers/dense.js';
import { input } from '../layers/input-layer.js';
import { Network } from '../network/network.js';
import { countParameters, formatSummary, summarize } from './summary.js';

function residual(): Network {
  const x = input({ shape: [4], name: 'x' });
  const y = batchNormalization({ name: 'bn' })(dense({ units: 4, name: 'dense' })(x));
  return new Network({ inputs: x, outputs: add({ name: 'sum' })([y, x]), name: 'm' });
}

test('a summary holds shapes, parameters and connections', () => {
  const network = residual();
  const rows = summarize(network);
  assert.deepEqual(rows[3], {
    name: 'sum',
    className: 'Add',
    outputShape: [null, 4],
    params: 0,
    connectedTo: ['bn[0][0]', 'x[0][0]'],
  });
  assert.deepEqual(countParameters(network), { total: 36, trainable: 28, nonTrainable: 8 });
});

test('the table shows connections where the graph is no chain', () => {
  const network = residual();
  const table = formatSummary(summarize(network), countParameters(network), 100);
  assert.equal(
    table,
    `
┌─────────────────────────┬──────────────┬────────┬───────────────────┐
│ Layer (type)            │ Output shape │ Params │ Connected to      │
├─────────────────────────┼──────────────┼────────┼───────────────────┤
│ x (InputLayer)          │ (N, 4)       │      0 │ -                 │
│ dense (Dense)           │ (N, 4)       │     20 │ x[0][0]           │
│ bn (BatchNormalization) │ (N, 4)       │     16 │ dense[0][0]       │
│ sum (Add)               │ (N, 4)       │      0 │ bn[0][0], x[0][0] │
└─────────────────────────┴──────────────┴────────┴───────────────────┘
 Total params: 36 (144.00 B)
 Trainable params: 28 (112.00 B)
 Non-trainable params: 8 (32.00 B)`.trimStart(),
  );
});

test('a narrow table wraps its cells', () => {
  const network = residual();
  const table = formatSummary(summarize(network), countParameters(network), 50);
  const lines = table.split('\n').slice(0, -3);
  assert.ok(
    lines.every((line) => line.length <= 50),
    table,
  );
  assert.match(table, /│ \(BatchNorm │/);
});

test('a chain needs no column of connections', () => {
  const x = input({ shape: [4], name: 'x' });
  const network = new Network({ inputs: x, outputs: dense({ units: 2 })(x), name: 'm' });
  assert.doesNotMatch(formatSummary(summarize(network), countParameters(network)), /Connected/);
});
