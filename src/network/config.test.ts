import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smallResnetTensors } from '../applications/small-resnet.js';
import { FormatError } from '../core/errors.js';
import { dense } from '../layers/dense.js';
import { input } from '../layers/input-layer.js';
import { lambda } from '../layers/lambda.js';
import { Model } from '../models/model.js';
import { affine } from '../ops/affine.js';
import { networkToConfig } from './config.js';
import { networkFromConfig } from './config-loading.js';
import { Network } from './network.js';

const throughJson = (network: Network): unknown =>
  JSON.parse(JSON.stringify(networkToConfig(network)));
const nestedModel = ({ inputs, outputs }: Network, { name }: { name: string }) =>
  new Model({ inputs, outputs, name });

function checkRoundTrip(network: Network, options = {}): void {
  const config = throughJson(network);
  const again = networkFromConfig(config, options);
  assert.deepEqual(throughJson(again), config);
  const describe = ({ variables, outputShapes }: Network) => ({
    variables: variables.map(({ name, variable, trainable }) => [name, variable.shape, trainable]),
    outputShapes,
  });
  assert.deepEqual(describe(again), describe(network));
}

test('a residual network survives its config', () => {
  const tensors = smallResnetTensors({ inputShape: [9, 9, 2], classes: 3, blocksPerStage: 2 });
  checkRoundTrip(new Network({ ...tensors, name: 'small' }));
});

test('shared layers, frozen layers and several outputs survive their config', () => {
  const a = input({ shape: [4], name: 'a' });
  const b = input({ shape: [4], name: 'b' });
  const shared = dense({ units: 4, name: 'shared', trainable: false });
  shared(input({ shape: [4] }));
  const outputs = [shared(shared(b)), shared(a)];
  checkRoundTrip(new Network({ inputs: [a, b], outputs, name: 'm' }));
});

test('nested models survive their config', () => {
  const x = input({ shape: [3], name: 'x' });
  const layer = dense({ units: 3, name: 'd', useBias: false });
  const block = new Model({ inputs: x, outputs: layer(x), name: 'block' });
  const y = input({ shape: [3], name: 'y' });
  const network = new Network({ inputs: y, outputs: block(block(y)), name: 'outer' });
  checkRoundTrip(network, { nestedModel });
  assert.throws(() => networkFromConfig(throughJson(network)), /'block' is a model/);
});

test('a lambda comes back only with its function', () => {
  const x = input({ shape: [3], name: 'x' });
  const y = lambda((value) => affine(value, 2), { name: 'twice' })(x);
  const network = new Network({ inputs: x, outputs: y, name: 'm' });
  checkRoundTrip(network, { lambdas: { twice: (value: never) => affine(value, 2) } });
  assert.throws(
    () => networkFromConfig(throughJson(network)),
    /lambda layer 'twice' has no function/,
  );
});

const inputEntry = (name: string) => ({
  className: 'InputLayer',
  name,
  trainable: true,
  config: { shape: [3], dtype: 'float32' },
  calls: [],
});
const denseEntry = (name: string, source: unknown, config: object = { units: 3 }) => ({
  className: 'Dense',
  name,
  trainable: true,
  config,
  calls: [[source]],
});
const configOf = (...layers: object[]) => ({
  name: 'm',
  layers: [inputEntry('x'), ...layers],
  inputs: [['x', 0, 0]],
  outputs: [['d', 0, 0]],
});

const rows: readonly [what: string, config: unknown, message: RegExp][] = [
  ['nothing', null, /the model must be an object/],
  ['no layers', { name: 'm' }, /layers must be a list/],
  [
    'a circle',
    configOf(denseEntry('d', ['e', 0, 0]), denseEntry('e', ['d', 0, 0])),
    /'d' cannot be connected/,
  ],
  ['a missing layer', configOf(denseEntry('d', ['y', 0, 0])), /'d' cannot be connected/],
  ['a missing output', configOf(denseEntry('d', ['x', 0, 1])), /no tensor \[x, 0, 1\]/],
  [
    'a bad reference',
    configOf(denseEntry('d', ['x', -1, 0])),
    /calls\[0\]\[0\]\[1\] must be an integer/,
  ],
  ['two of one name', configOf(denseEntry('x', ['x', 0, 0])), /two layers are named 'x'/],
  ['a bad name', configOf(denseEntry('__proto__', ['x', 0, 0])), /layer name "__proto__"/],
  [
    'an unknown class',
    configOf({ ...denseEntry('d', ['x', 0, 0]), className: 'Dance' }),
    /layer 'd': unknown layer 'Dance'; did you mean 'Dense'/,
  ],
  [
    'an option out of range',
    configOf(denseEntry('d', ['x', 0, 0], { units: 1e12 })),
    /units must be an integer/,
  ],
  [
    'an unknown option',
    configOf(denseEntry('d', ['x', 0, 0], { units: 3, path: '/etc' })),
    /option of Dense 'path'/,
  ],
  [
    'an unconnected input',
    { ...configOf(denseEntry('d', ['x', 0, 0])), inputs: [] },
    /needs at least one input/,
  ],
  [
    'a called input',
    configOf({ ...inputEntry('d'), calls: [[['x', 0, 0]]] }),
    /is an input and cannot be called/,
  ],
];

for (const [what, config, message] of rows) {
  test(`refuses a config with ${what}`, () => {
    assert.throws(
      () => networkFromConfig(config),
      (error: Error) => {
        assert.ok(error instanceof FormatError, String(error.stack));
        assert.match(error.message, message);
        return true;
      },
    );
  });
}

test('a key named __proto__ changes nothing', () => {
  const text = JSON.stringify(configOf(denseEntry('d', ['x', 0, 0]))).replace(
    '"name":"m"',
    '"__proto__":{"polluted":1},"name":"m"',
  );
  networkFromConfig(JSON.parse(text));
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
});
