import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Plan } from '../../plan/plan.js';
import type { StateLayout } from '../../plan/state-layout.js';
import { createReferenceExecutor } from './reference-executor.js';

const nothing = { offset: 0, size: 0 };

function layoutFor(replicas: number): StateLayout {
  const counts = Array.from({ length: replicas }, () => 0);
  return {
    size: 16,
    entries: [{ name: 'w', role: 'weight', shape: [1], offset: 0, size: 1 }],
    trainable: nothing,
    gradients: nothing,
    slots: [],
    shards: { starts: counts, counts },
  };
}

/** Doubles its input `calls` times and sums it up. */
function doublingPlan(replica: number, shares: number[], calls = 1): Plan {
  const size = shares[replica];
  return {
    version: 1,
    name: 'doubling',
    share: { replica, shares },
    stateSize: 16,
    scratchSize: 48,
    buffers: [
      { id: 0, name: 'x', shape: [size], size, region: 'scratch', offset: 0 },
      { id: 1, name: 'y', shape: [size], size, region: 'scratch', offset: 16 },
      { id: 2, name: 'sum', shape: [], size: 1, region: 'scratch', offset: 32 },
      { id: 3, name: 'w', shape: [1], size: 1, region: 'state', offset: 0 },
    ],
    inputs: [{ name: 'x', buffer: 0, sampleShape: [] }],
    outputs: [
      { name: 'y', buffer: 1, kind: 'batch' },
      { name: 'sum', buffer: 2, kind: 'scalar' },
      { name: 'w', buffer: 3, kind: 'replicated' },
    ],
    calls: [
      ...Array.from({ length: calls }, (): Plan['calls'][number] => ({
        kernel: 'affine',
        reads: { x: 0 },
        writes: { y: 1 },
        attributes: { size, scale: 2, offset: 0 },
        source: 'double',
        phase: 'forward',
      })),
      {
        kernel: 'totalSum',
        reads: { x: 1 },
        writes: { y: 2 },
        attributes: { size, scale: 1 },
        source: 'sum',
        phase: 'forward',
      },
    ],
    fusions: [],
  };
}

const parameters = { step: 1, learningRate: 0, seed: 0 };

test('batches are split by shares, results put together', async () => {
  const executor = createReferenceExecutor({ replicas: 2 });
  await executor.allocateState(layoutFor(2));
  await executor.writeState(new Map([['w', Float32Array.of(4)]]));
  const prepared = await executor.prepare([doublingPlan(0, [2, 1]), doublingPlan(1, [2, 1])]);
  prepared.inputs[0][0].set([1, 2, 3]);
  prepared.inputs[1][0].set([10, 20, 30]);
  const first = await executor.run(prepared, 0, parameters);
  assert.deepEqual(Array.from(first.y), [2, 4, 6]);
  assert.deepEqual(Array.from(first.sum), [12]);
  assert.deepEqual(Array.from(first.w), [4]);
  const second = await executor.run(prepared, 1, parameters);
  assert.deepEqual(Array.from(second.sum), [120]);
  assert.equal((await executor.profile()).length, 2);
});

test('plans that are not those of its replicas are refused', async () => {
  const executor = createReferenceExecutor({ replicas: 2 });
  const refused = { code: 'E_EXECUTOR' };
  await assert.rejects(executor.prepare([doublingPlan(0, [2, 1])]), refused);
  const swapped = [doublingPlan(1, [2, 1]), doublingPlan(0, [2, 1])];
  await assert.rejects(executor.prepare(swapped), refused);
  const otherShares = [doublingPlan(0, [2, 1]), doublingPlan(1, [3, 1])];
  await assert.rejects(executor.prepare(otherShares), refused);
  const otherOutputs = [doublingPlan(0, [2, 1]), doublingPlan(1, [2, 1])];
  otherOutputs[1].outputs.pop();
  await assert.rejects(executor.prepare(otherOutputs), refused);
  assert.throws(() => createReferenceExecutor({ replicas: 0 }), { code: 'E_VALUE' });
});

test('what each replica does alone may differ', async () => {
  const executor = createReferenceExecutor({ replicas: 2 });
  await executor.allocateState({ ...layoutFor(2) });
  const prepared = await executor.prepare([doublingPlan(0, [2, 1]), doublingPlan(1, [2, 1], 3)]);
  prepared.inputs[0][0].set([1, 2, 3]);
  const { y, sum } = await executor.run(prepared, 0, parameters);
  assert.deepEqual([...y, ...sum], [2, 4, 6, 12]);
  const times = await executor.timings(prepared);
  assert.deepEqual(
    times?.replicas.map(({ calls }) => calls.length),
    [2, 4],
  );
});

test('nothing runs without a state or after the end', async () => {
  const executor = createReferenceExecutor();
  const prepared = await executor.prepare([doublingPlan(0, [2])]);
  await assert.rejects(executor.run(prepared, 0, parameters), /allocateState/);
  await assert.rejects(executor.allocateState(layoutFor(2)), { code: 'E_EXECUTOR' });
  await executor.allocateState({ ...layoutFor(1), size: 1 });
  await assert.rejects(executor.run(prepared, 0, parameters), /needs a state of 16/);
  await executor.dispose();
  await assert.rejects(executor.run(prepared, 0, parameters), /disposed/);
});

test('a run lets the event loop turn', async () => {
  const executor = createReferenceExecutor();
  await executor.allocateState(layoutFor(1));
  const prepared = await executor.prepare([doublingPlan(0, [16], 100000)]);
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await executor.run(prepared, 0, parameters);
  clearInterval(timer);
  assert.ok(turns > 0);
});
