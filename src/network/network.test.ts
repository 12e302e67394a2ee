import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallContext } from '../graph/graph-layer.js';
import { add } from '../layers/add.js';
import { concatenate } from '../layers/concatenate.js';
import { dense } from '../layers/dense.js';
import { input } from '../layers/input-layer.js';
import { multiply } from '../layers/multiply.js';
import { Model } from '../models/model.js';
import { IrGraph } from '../ops/ir.js';
import { Network } from './network.js';

const named = (network: Network) => network.layers.map((layer) => layer.name);

/** Two inputs; one layer is called three times, at different depths. */
function sharedNetwork(): Network {
  const a = input({ shape: [4], name: 'a' });
  const b = input({ shape: [4], name: 'b' });
  const shared = dense({ units: 4, name: 'shared' });
  const p = shared(a);
  const q = dense({ units: 4, name: 'only_b' })(b);
  const r = shared(q);
  const joined = concatenate({ name: 'cat' })([r, p]);
  const head1 = dense({ units: 3, name: 'head1' })(joined);
  const head2 = dense({ units: 2, name: 'head2' })(add({ name: 'add' })([shared(r), q]));
  return new Network({ inputs: [b, a], outputs: [head2, head1], name: 'shared' });
}

// The expected orders are those of Keras 3.15 for the same graphs.
test('layers of a graph with a shared layer are in the order of Keras', () => {
  assert.deepEqual(named(sharedNetwork()), [
    'b',
    'only_b',
    'shared',
    'a',
    'add',
    'cat',
    'head2',
    'head1',
  ]);
});

test('layers of a graph with a late input and outputs inside are in the order of Keras', () => {
  const a = input({ shape: [4], name: 'a' });
  const late = input({ shape: [4], name: 'late' });
  const x = dense({ units: 4, name: 'd1' })(a);
  const y = dense({ units: 4, name: 'd2' })(x);
  const z = multiply({ name: 'mul' })([late, y]);
  const w = add({ name: 'sum' })([z, x, a]);
  const aux = dense({ units: 2, name: 'aux' })(x);
  const network = new Network({ inputs: [a, late], outputs: [w, aux, z], name: 'twisted' });
  assert.deepEqual(named(network), ['a', 'd1', 'late', 'd2', 'mul', 'sum', 'aux']);
});

function emit(network: Network, training = false) {
  const graph = new IrGraph({ replica: 0, shares: [2] });
  const reads = new Map<object, number>();
  const context: CallContext = {
    training,
    read: (variable) => {
      reads.set(variable, (reads.get(variable) ?? 0) + 1);
      return graph.variable(variable.name, variable.shape);
    },
    update: () => undefined,
  };
  const values = network.inputShapes.map((shape, i) => graph.input(`x${i}`, shape));
  return { outputs: network.emit(values, context), graph, reads };
}

test('a shared layer is emitted at every call, with the same weights', () => {
  const network = sharedNetwork();
  const { outputs, graph, reads } = emit(network);
  assert.deepEqual(
    outputs.map((value) => value.shape),
    [
      [2, 2],
      [2, 3],
    ],
  );
  assert.deepEqual(
    network.getLayer('shared').weights.map((weight) => reads.get(weight)),
    [3, 3],
  );
  assert.ok(graph.operations.every((operation) => named(network).includes(operation.source)));
  assert.deepEqual(
    network.variables.map(({ name }) => name),
    ['only_b', 'shared', 'head2', 'head1'].flatMap((name) => [`${name}/kernel`, `${name}/bias`]),
  );
});

test('a nested model is emitted under its name, and its weights are named after it', () => {
  const x = input({ shape: [3], name: 'x' });
  const inner = new Model({
    inputs: x,
    outputs: dense({ units: 3, name: 'inner' })(x),
    name: 'block',
  });
  const y = input({ shape: [3], name: 'y' });
  const network = new Network({ inputs: y, outputs: inner(inner(y)), name: 'outer' });
  const { graph } = emit(network);
  assert.deepEqual([...new Set(graph.operations.map(({ source }) => source))], ['block/inner']);
  assert.equal(graph.source, '');
  const names = () => network.variables.map(({ name, trainable }) => `${name} ${trainable}`);
  assert.deepEqual(names(), ['block/inner/kernel true', 'block/inner/bias true']);
  inner.trainable = false;
  assert.deepEqual(names(), ['block/inner/kernel false', 'block/inner/bias false']);
});

test('outputs of one layer get names of their own', () => {
  const x = input({ shape: [3], name: 'x' });
  const layer = dense({ units: 3, name: 'd' });
  const y = layer(x);
  const network = new Network({ inputs: x, outputs: [y, layer(y), y], name: 'm' });
  assert.deepEqual(network.outputNames, ['d', 'd_1', 'd_2']);
});

test('a graph deeper than the call stack is ordered', () => {
  const x = input({ shape: [1] });
  const layer = dense({ units: 1 });
  let y = layer(x);
  for (let i = 0; i < 20_000; i++) y = layer(y);
  assert.equal(new Network({ inputs: x, outputs: y, name: 'deep' }).nodes.length, 20_002);
});

const a = input({ shape: [4], name: 'a' });
const b = input({ shape: [4], name: 'b' });
const make = (name: string) => dense({ units: 4, name });
const sum = add({ name: 'sum' })([make('left')(a), make('right')(b)]);
const network = (inputs: unknown, outputs: unknown) =>
  new Network({ inputs: inputs as never, outputs: outputs as never, name: 'm' });

const rows: readonly [what: string, run: () => unknown, code: string, message: RegExp][] = [
  [
    'a dangling tensor',
    () => network(a, sum),
    'E_GRAPH',
    /depend on input 'b', which is not among/,
  ],
  [
    'an input that nothing needs',
    () => network([a, b], make('x')(a)),
    'E_GRAPH',
    /input 'b' is not connected/,
  ],
  [
    'an input that is computed',
    () => network(make('x')(a), sum),
    'E_GRAPH',
    /'x' cannot be an input/,
  ],
  ['an input listed twice', () => network([a, a], make('x')(a)), 'E_GRAPH', /'a' is listed twice/],
  [
    'two layers of one name',
    () => network(a, make('x')(make('x')(a))),
    'E_GRAPH',
    /two different layers are named 'x'/,
  ],
  ['no outputs', () => network(a, []), 'E_GRAPH', /needs at least one output/],
  [
    'something else',
    () => network(a, 'sum'),
    'E_GRAPH',
    /must be the result of input\(\) or of a layer, got string/,
  ],
  [
    'an unknown layer',
    () => network([a, b], sum).getLayer('rigth'),
    'E_UNKNOWN',
    /did you mean 'right'/,
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

test('refuses arrays of other shapes', () => {
  const graph = new IrGraph({ replica: 0, shares: [2] });
  const context: CallContext = { training: false, read: () => value, update: () => undefined };
  const value = graph.input('x', [5]);
  assert.throws(
    () => network(a, make('x')(a)).emit([value], context),
    /input 'a' has shape \[N, 4\]/,
  );
  assert.throws(() => network(a, make('x')(a)).emit([], context), /has 1 input\(s\), but 0/);
});
