import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OnnxGraphEngine } from '../../src/node/onnx-graph/onnx-graph-engine.js';
import { loadOnnxRuntime, type OnnxRuntime } from '../../src/node/onnx-sessions.js';
import { createReferenceExecutor, type Model, type Plan } from '../../src/node.js';
import { relativeDistance } from '../conformance/compare-results.js';
import { TOLERANCE } from '../conformance/run-conformance.js';
import { normals } from '../conformance/test-data.js';
import { graphModel, graphModelTitles } from './graph-models.js';

const installed = await loadOnnxRuntime().then(
  () => true,
  () => false,
);
const skip = installed ? false : "the optional package 'onnxruntime-node' does not load here";

/** ONNX Runtime, counting the models that are loaded. */
async function countingRuntime(): Promise<OnnxRuntime & { loads: number; alive: number }> {
  const runtime = await loadOnnxRuntime();
  const counting = {
    ...runtime,
    loads: 0,
    alive: 0,
    load(model: Uint8Array, threads: number) {
      const session = runtime.load(model, threads);
      counting.loads++;
      counting.alive++;
      return {
        run: session.run,
        release() {
          counting.alive--;
          session.release();
        },
      };
    },
  };
  return counting;
}

/** A plan over plain arrays, its stretch bound. */
class BoundPlan {
  readonly plan: Plan;
  readonly #state: Float32Array;
  readonly #scratch: Float32Array;
  readonly #stretch: ReturnType<OnnxGraphEngine['bind']>;
  /** How often the kernels were asked to run. */
  kernelRuns = 0;

  constructor(engine: OnnxGraphEngine, plan: Plan, threads = 1) {
    this.plan = plan;
    this.#state = new Float32Array(plan.stateSize);
    this.#scratch = new Float32Array(plan.scratchSize);
    this.#stretch = engine.bind({
      plan,
      threads,
      view: (buffer) => this.view(buffer),
      state: (offset, size) => this.#state.subarray(offset, offset + size),
    });
  }

  /** The range of calls that is one graph. */
  get range(): [number, number] | undefined {
    return this.#stretch && [this.#stretch.first, this.#stretch.first + this.#stretch.count];
  }

  view(buffer: number): Float32Array {
    const { region, offset, size } = this.plan.buffers[buffer];
    return (region === 'state' ? this.#state : this.#scratch).subarray(offset, offset + size);
  }

  fillState(model: Model): void {
    const values = new Map(model.namedVariables.map(({ entry, variable }) => [entry, variable]));
    for (const { id, name, region } of this.plan.buffers) {
      const variable = region === 'state' ? values.get(name) : undefined;
      if (variable !== undefined) this.view(id).set(variable.hostValue);
    }
  }

  async run(x: Float32Array): Promise<Float32Array[]> {
    this.view(this.plan.inputs[0].buffer).set(x);
    await this.#stretch?.run(() => {
      this.kernelRuns++;
    });
    return this.plan.outputs.map(({ buffer }) => this.view(buffer).slice());
  }

  release(): void {
    this.#stretch?.release();
  }
}

/** What the reference executor predicts, in float64. */
async function expectedOf(model: Model, x: { data: Float32Array; shape: number[] }) {
  model.compile({
    loss: 'meanSquaredError',
    on: createReferenceExecutor({ precision: 'float64' }),
  });
  const predictions = await model.predictAll([x], { batchSize: x.shape[0] });
  return predictions.map(({ data }) => data);
}

for (const title of graphModelTitles) {
  test(`as one graph: ${title}`, { skip }, async () => {
    const model = graphModel(title);
    const runtime = await countingRuntime();
    const engine = new OnnxGraphEngine(runtime);
    const bound: BoundPlan[] = [];
    // On small maps a single image has a graph of its own.
    const alone = title.includes('tap by tap');
    for (const count of [5, 3, 1]) {
      const shape = [count, ...model.inputShapes[0]];
      const data = normals(
        `${title} ${count}`,
        shape.reduce((a, b) => a * b, 1),
      );
      const expected = await expectedOf(model, { data, shape });
      const [plan] = await model.plans('predict', count);
      const one = new BoundPlan(engine, plan);
      bound.push(one);
      one.fillState(model);
      assert.deepEqual(one.range, [0, plan.calls.length], 'the graph stands for all calls');
      if (count === 5 || (alone && count === 1)) await one.run(data);
      const actual = await one.run(data);
      expected.forEach((values, i) => {
        const distance = relativeDistance(actual[i], values);
        assert.ok(distance <= TOLERANCE, `output ${i} of ${count} samples: ${distance}`);
      });
      assert.deepEqual(await one.run(data), actual, 'the same bits again');
    }
    const kernelRuns = bound.map((one) => one.kernelRuns);
    const what = 'the first run of a graph goes through the kernels; numbers of samples share it';
    assert.deepEqual(kernelRuns, [1, 0, alone ? 1 : 0], what);
    assert.equal(runtime.loads, alone ? 2 : 1);
    for (const one of bound) one.release();
    assert.equal(runtime.alive, 0, 'a session ends with the last plan that needs it');
    await model.dispose();
  });
}

test('new weights are built in anew, and old ones freed', { skip }, async () => {
  const model = graphModel(graphModelTitles[0]);
  const runtime = await countingRuntime();
  const engine = new OnnxGraphEngine(runtime);
  const shape = [2, ...model.inputShapes[0]];
  const data = normals(
    'x',
    shape.reduce((a, b) => a * b, 1),
  );
  const before = await expectedOf(model, { data, shape });
  const [plan] = await model.plans('predict', 2);
  const bound = new BoundPlan(engine, plan, 2);
  bound.fillState(model);
  await bound.run(data);
  assert.ok(relativeDistance((await bound.run(data))[0], before[0]) <= TOLERANCE);
  for (const { variable } of model.namedVariables) {
    variable.write(variable.hostValue.map((value) => 1.1 * value));
  }
  bound.fillState(model);
  engine.weightsChanged();
  assert.equal(runtime.alive, 0);
  await bound.run(data);
  assert.equal(bound.kernelRuns, 2);
  const after = await expectedOf(model, { data, shape });
  assert.ok(relativeDistance(after[0], before[0]) > 0.01, 'the weights matter');
  assert.ok(relativeDistance((await bound.run(data))[0], after[0]) <= TOLERANCE);
  engine.dispose();
  assert.equal(runtime.alive, 0);
  await model.dispose();
});

test('an evaluation is a graph up to the loss; training is none', { skip }, async () => {
  const model = graphModel(graphModelTitles[0]);
  const engine = new OnnxGraphEngine(await countingRuntime());
  model.compile({ loss: 'categoricalCrossentropy', on: createReferenceExecutor() });
  const [evaluation] = await model.plans('evaluate', 3);
  const loss = evaluation.calls.findIndex(({ kernel }) => kernel === 'softmaxCrossentropy');
  assert.deepEqual(new BoundPlan(engine, evaluation).range, [0, loss]);
  const [training] = await model.plans('train', 3);
  assert.equal(new BoundPlan(engine, training).range, undefined);
  await model.dispose();
});
