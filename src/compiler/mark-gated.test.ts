import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batchNorm } from '../ops/batch-norm.js';
import { add } from '../ops/binary.js';
import { gate } from '../ops/gate.js';
import { IrGraph, type Value } from '../ops/ir.js';
import { tanh } from '../ops/unary.js';
import { markGated } from './mark-gated.js';

const SHAPE = [2, 3];
const A = { stream: 1, rate: 0.5 };
const B = { stream: 2, rate: 0.25 };

/** Streams of the gates under which the operations of each source run; those that always run have none. */
function streamsOf(build: (graph: IrGraph, x: Value) => Value) {
  const graph = new IrGraph({ replica: 0, shares: [2] });
  const value = build(graph, graph.variable('x', SHAPE));
  graph.results.push({ value, name: 'y', kind: 'batch' });
  markGated(graph, []);
  const found: Record<string, number[]> = {};
  for (const { source, gates = [] } of graph.operations) {
    found[source] = gates.map(({ stream }) => stream);
  }
  return found;
}

/** The operation under the name of a layer. */
function named(source: string, value: Value, emit: (value: Value) => Value): Value {
  value.graph.source = source;
  return emit(value);
}

test('what only a gate reads runs under it; inner branches under both gates', () => {
  const found = streamsOf((_, x) => {
    const inner = named('inner', named('outer', x, tanh), tanh);
    const outer = named(
      'rest',
      named('gate b', inner, (value) => gate(value, B)),
      tanh,
    );
    return named('sum', x, (value) => add(value, gate(outer, A)));
  });
  assert.deepEqual(found, { outer: [1, 2], inner: [1, 2], 'gate b': [1], rest: [1], sum: [] });
});

test('what is read elsewhere too, is handed back, or leads to a weight update alone always runs', () => {
  const found = streamsOf((graph, x) => {
    const read = named('read', x, tanh);
    const result = named('result', read, tanh);
    const stored = named('stored', result, tanh);
    const branch = named('branch', result, tanh);
    graph.results.push({ value: result, name: 'result', kind: 'batch' });
    graph.updates.push({ value: named('update', stored, tanh), entry: 'entry' });
    named('unused', branch, tanh);
    const gated = named('gate', branch, (value) => gate(value, A));
    return named('sum', gated, (value) => add(value, read));
  });
  const always = { read: [], result: [], stored: [], update: [], gate: [], sum: [] };
  assert.deepEqual(found, { ...always, branch: [1], unused: [] });
});

test('a normalisation under a gate keeps its statistics, unless another call reads them', () => {
  const normalise = (shared: boolean) =>
    streamsOf((graph, x) => {
      const statistics = {
        movingMean: graph.variable('mean', [3]),
        movingVariance: graph.variable('variance', [3]),
      };
      const attributes = { epsilon: 1e-3, momentum: 0.9, batchStatistics: true };
      graph.source = 'norm';
      const { y, newMovingMean, newMovingVariance } = batchNorm({ x, ...statistics }, attributes);
      assert.ok(newMovingMean && newMovingVariance);
      graph.source = 'sum';
      const first = add(x, gate(y, A));
      const moved = shared
        ? { movingMean: newMovingMean, movingVariance: newMovingVariance }
        : statistics;
      graph.source = 'second';
      const second = batchNorm({ x: first, ...moved }, attributes);
      const stored = shared ? second.newMovingMean : newMovingMean;
      assert.ok(stored);
      graph.updates.push({ value: stored, entry: 'mean' });
      graph.source = 'sum';
      return add(first, gate(second.y, B));
    });
  assert.deepEqual(normalise(false), { norm: [1], sum: [], second: [2] });
  assert.deepEqual(normalise(true), { norm: [], sum: [], second: [2] });
});
