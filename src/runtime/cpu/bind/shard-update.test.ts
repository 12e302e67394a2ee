import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adam, dense, input, lamb, Model, type Optimizer, sgd } from '../../../library.js';
import type { KernelCall } from '../../../plan/kernels.js';
import { createReferenceExecutor } from '../../reference/reference-executor.js';
import type { BindContext } from '../binding.js';
import { bindShardUpdate, SHARD_UPDATE_CALLS, soleUpdate } from './shard-update.js';

/** The last calls of a step of training. */
async function lastCalls(options: Parameters<typeof sgd>[0] = {}): Promise<KernelCall[]> {
  const inputs = input({ shape: [4] });
  const model = new Model({ inputs, outputs: dense({ units: 3 })(inputs) });
  const on = createReferenceExecutor({ replicas: 2 });
  model.compile({ loss: 'mse', optimizer: sgd(options), on });
  const [plan] = await model.plans('train', 4);
  await model.dispose();
  return plan.calls.slice(-SHARD_UPDATE_CALLS);
}

/** All calls of a step of training. */
async function allCalls(optimizer: Optimizer): Promise<readonly KernelCall[]> {
  const inputs = input({ shape: [4] });
  const model = new Model({ inputs, outputs: dense({ units: 3 })(inputs) });
  model.compile({ loss: 'mse', optimizer, on: createReferenceExecutor({ replicas: 2 }) });
  const [plan] = await model.plans('train', 4);
  await model.dispose();
  return plan.calls;
}

/** What binding asks for; a join is seen in what the collective is asked to do. */
function contextOf(replicas: number, asked: unknown[][]): BindContext {
  return {
    address: (buffer: number) => 1000 * buffer,
    parameters: {},
    kernels: {},
    collective: {
      replica: 0,
      replicas,
      updateShards: (...details: unknown[]) => asked.push(details),
    },
  } as unknown as BindContext;
}

test('the exchanges and the update that end a step become one call', async () => {
  const calls = await lastCalls();
  const asked: unknown[][] = [];
  bindShardUpdate(calls, contextOf(2, asked))?.();
  const [sum, update] = calls;
  assert.ok(sum.kernel === 'reduceScatter' && update.kernel === 'sgd');
  const [gradients, weights, starts, counts] = asked[0];
  assert.equal(gradients, 1000 * sum.writes.y);
  assert.equal(weights, 1000 * update.writes.newW);
  assert.deepEqual([starts, counts], [sum.attributes.starts, sum.attributes.counts]);
});

test('not with one replica, and not where more happens or not in every step', async () => {
  assert.equal(bindShardUpdate(await lastCalls(), contextOf(1, [])), undefined);
  for (const options of [
    { clipValue: 1 },
    { gradientAccumulationSteps: 2 },
    { globalClipNorm: 1 },
    { useEma: true },
  ]) {
    const calls = await lastCalls(options);
    assert.equal(bindShardUpdate(calls, contextOf(2, [])), undefined, JSON.stringify(options));
  }
  const [sum, update, share] = await lastCalls();
  assert.equal(bindShardUpdate([sum, { ...update, every: 2 }, share], contextOf(2, [])), undefined);
  assert.equal(bindShardUpdate([update, share, sum], contextOf(2, [])), undefined);
});

test('an update is watched from inside where one call makes it in every step', async () => {
  for (const [optimizer, kernel] of [
    [sgd({ globalClipNorm: 1 }), 'sgd'],
    [adam({ useEma: true }), 'adam'],
  ] as const) {
    assert.equal(soleUpdate(await allCalls(optimizer))?.kernel, kernel);
  }
  for (const optimizer of [
    lamb(),
    adam({ gradientAccumulationSteps: 2 }),
    sgd({ useEma: true, emaOverwriteFrequency: 2 }),
  ]) {
    assert.equal(soleUpdate(await allCalls(optimizer)), undefined, optimizer.name);
  }
});
