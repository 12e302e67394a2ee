import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  activation,
  add,
  batchNormalization,
  clearNames,
  conv2d,
  createReferenceExecutor,
  dense,
  globalAveragePooling2d,
  input,
  Model,
  type Plan,
  printPlan,
  validatePlan,
} from '../../src/node.js';

/** Committed plans; written anew when the variable is set, for a look at what changed. */
const FOLDER = new URL('../../../tests/plans/', import.meta.url);
const isUpdate = process.env.RESIDUUM_UPDATE_PLANS === '1';

/** One residual block with a projection between a stem and a softmax. */
function residualNet(): Model {
  clearNames();
  const inputs = input({ shape: [6, 6, 3], name: 'image' });
  let y = conv2d({ filters: 4, kernelSize: 3, strides: 2, padding: 'same', name: 'conv1' })(inputs);
  y = activation('relu')(batchNormalization({ name: 'bn1' })(y));
  y = conv2d({ filters: 5, kernelSize: 3, padding: 'same', name: 'conv2' })(y);
  y = batchNormalization({ name: 'bn2' })(y);
  const shortcut = conv2d({ filters: 5, kernelSize: 1, strides: 2, name: 'conv0' })(inputs);
  y = add({ name: 'sum' })([y, batchNormalization({ name: 'bn0' })(shortcut)]);
  y = globalAveragePooling2d({ name: 'pool' })(activation('relu', { name: 'relu2' })(y));
  const outputs = dense({ units: 3, activation: 'softmax', name: 'head' })(y);
  return new Model({ inputs, outputs, name: 'residual' });
}

async function plansOf(
  kind: 'train' | 'evaluate' | 'predict',
  replicas = 1,
): Promise<readonly Plan[]> {
  const model = residualNet();
  const on = createReferenceExecutor({ replicas });
  model.compile({ loss: 'categoricalCrossentropy', optimizer: 'adam', metrics: ['accuracy'], on });
  const plans = await model.plans(kind, 5);
  await model.dispose();
  return plans;
}

for (const kind of ['train', 'evaluate', 'predict'] as const) {
  test(`the plan to ${kind} is the committed one`, async () => {
    const [, second] = await plansOf(kind, 2);
    const text = printPlan(second);
    const file = new URL(`${kind}-residual.txt`, FOLDER);
    if (isUpdate) writeFileSync(file, text);
    assert.equal(text, readFileSync(file, 'utf8'));
  });
}

test('additions, biases and activations of residual blocks run inside the normalisation', async () => {
  for (const kind of ['train', 'evaluate', 'predict'] as const) {
    const [plan] = await plansOf(kind);
    const ofBlock = plan.calls.filter(({ source }) =>
      /^(conv|bn|sum|relu|activation)/.test(source),
    );
    const forward = ofBlock.filter(({ phase }) => phase === 'forward').map(({ kernel }) => kernel);
    const extra = forward.filter((kernel) => !/^(conv2d$|batchNorm|allGather$)/.test(kernel));
    assert.deepEqual(extra, [], `kernels of the forward part of ${kind}`);
    const backward = ofBlock
      .filter(({ phase }) => phase === 'backward')
      .map(({ kernel }) => kernel);
    const others = backward.filter(
      (kernel) => !/^(conv2d(Input|Filter)Gradient|batchNorm.*|allReduceSum)$/.test(kernel),
    );
    assert.deepEqual(others, [], `kernels of the backward part of ${kind}`);
  }
});

test('softmax and cross-entropy are one kernel', async () => {
  const [plan] = await plansOf('train');
  const kernels = plan.calls.map(({ kernel }) => kernel);
  assert.ok(kernels.includes('softmaxCrossentropy'));
  assert.ok(!kernels.includes('crossentropy') && !kernels.includes('softmaxGradient'));
});

test('memory is shared: the arena is smaller than the sum of what lives in it', async () => {
  const [plan] = await plansOf('train');
  const scratch = plan.buffers.filter(({ region }) => region === 'scratch');
  const total = scratch.reduce((sum, { size }) => sum + size, 0);
  assert.ok(plan.scratchSize < 0.7 * total, `${plan.scratchSize} of ${total}`);
});

/**
 * For pairs of arrays that are alive together: the plan with the second in the first one's place. They
 * differ in size, because a plan does not tell an array from a view of it, which has the same range.
 */
function collisions(plan: Plan, copy: () => Plan): Plan[] {
  const scratch = plan.buffers.filter(({ region }) => region === 'scratch');
  const lives = scratch.flatMap(({ id, offset, size }) => {
    const first = plan.calls.findIndex((call) => Object.values(call.writes).includes(id));
    const last = plan.calls.findLastIndex((call) => Object.values(call.reads).includes(id));
    return first >= 0 && last > first ? [{ id, offset, size, first, last }] : [];
  });
  return lives.flatMap((a) =>
    lives
      .filter((b) => a.size !== b.size && a.offset !== b.offset)
      .filter((b) => a.first < b.first && b.first < a.last)
      .map((b) => {
        const broken = copy();
        broken.buffers[b.id].offset = a.offset;
        return broken;
      }),
  );
}

/** Plans that could not run rightly, each made from a right one. */
function brokenPlans(plan: Plan): Plan[] {
  const copy = (): Plan => JSON.parse(JSON.stringify(plan)) as Plan;
  const lastCall = plan.calls.length - 1;
  const swapped = copy();
  const first = swapped.calls.findIndex(({ kernel }) => kernel === 'batchNormApply');
  [swapped.calls[first - 1], swapped.calls[first]] = [
    swapped.calls[first],
    swapped.calls[first - 1],
  ];
  const dropped = copy();
  dropped.calls.splice(
    dropped.calls.findIndex(({ kernel }) => kernel === 'conv2d'),
    1,
  );
  const outside = copy();
  outside.scratchSize = 16;
  const unknown = copy();
  Object.assign(unknown.calls[lastCall].writes, { y: plan.buffers.length });
  return [...collisions(plan, copy), swapped, dropped, outside, unknown];
}

test('a compiled plan is valid, and every way of breaking it is noticed', async () => {
  const [plan] = await plansOf('train');
  validatePlan(plan);
  const broken = brokenPlans(plan);
  assert.ok(broken.length > 100);
  for (const [i, candidate] of broken.entries()) {
    assert.throws(() => validatePlan(candidate), { code: 'E_PLAN' }, `broken plan ${i}`);
  }
});
