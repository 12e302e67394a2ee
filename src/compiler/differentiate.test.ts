import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GraphError } from '../core/errors.js';
import { multiply } from '../ops/binary.js';
import { IrGraph } from '../ops/ir.js';
import { topKHits } from '../ops/top-k-hits.js';
import { totalSum } from '../ops/total-sum.js';
import { differentiate } from './differentiate.js';

function graphOf() {
  const graph = new IrGraph({ replica: 0, shares: [2] });
  return {
    graph,
    x: graph.input('x', [3]),
    w: graph.variable('w', [2, 3]),
    unused: graph.variable('unused', [5]),
  };
}

test('only weights that the loss depends on have a gradient', () => {
  const { graph, x, w, unused } = graphOf();
  const gradients = differentiate(graph, totalSum(multiply(x, w), 1), [w, unused]);
  assert.deepEqual([...gradients.keys()], [w]);
  assert.deepEqual(gradients.get(w)?.shape, [2, 3]);
});

test('no operation is added for what nobody wants to know', () => {
  const { graph, x, w } = graphOf();
  const loss = totalSum(multiply(multiply(x, x), w), 1);
  const forward = graph.operations.length;
  differentiate(graph, loss, [w]);
  const added = graph.operations.slice(forward).map(({ definition }) => definition.name);
  assert.deepEqual(added, ['fill', 'spreadScalar', 'binary']);
});

test('an operation without a gradient is named when the loss depends on weights through it', () => {
  const { graph, x, w } = graphOf();
  graph.source = 'hits';
  const hits = topKHits(multiply(x, w), x, 1, false);
  assert.throws(
    () => differentiate(graph, totalSum(hits, 1), [w]),
    (error) => error instanceof GraphError && /'topKHits' of layer 'hits'/.test(error.message),
  );
});

test('an operation without a gradient is no fault where no weight is behind it', () => {
  const { graph, x, w } = graphOf();
  const hits = topKHits(x, x, 1, false);
  const loss = totalSum(multiply(w, w), 1);
  assert.equal(differentiate(graph, loss, [w]).size, 1);
  assert.deepEqual(hits.shape, [2]);
});
