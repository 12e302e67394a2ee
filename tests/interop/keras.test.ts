import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import {
  adam,
  adamW,
  categoricalCrossentropy,
  cosineDecay,
  createReferenceExecutor,
  decodeKeras,
  decodeLegacyH5,
  decodeSafetensors,
  encodeKeras,
  encodeKerasWeights,
  encodeLegacyH5,
  encodeSafetensors,
  lamb,
  lion,
  loadKerasWeights,
  type Model,
  modelToJson,
  Random,
  rmsprop,
  type SampleArray,
  sgd,
  type TensorInput,
} from 'residuum';
import { relativeError } from '../parity/relative-error.js';
import { pythonWithFrameworks, root } from './python-environment.js';
import { randomGraph } from './random-graphs.js';

const OUTPUTS = 1e-5;
const LOSSES = 1e-4;
const GRAPHS = 100;
const BATCH = 4;

interface Job {
  readonly name: string;
  /** Whether the older file format is tried too. */
  readonly legacy: boolean;
  readonly model: Model;
  readonly x: SampleArray[];
  readonly y: SampleArray[];
}

interface Result {
  readonly error?: string;
  readonly ours: unknown[];
  readonly theirs: unknown[];
  readonly oursLegacy?: unknown[];
  readonly theirsLegacy?: unknown[];
  readonly iterations: number;
  readonly losses: number[];
  readonly further: number[];
}

const folder = await mkdtemp(join(tmpdir(), 'residuum-keras-'));
after(() => rm(folder, { recursive: true }));

const bytesOf = async (chunks: readonly Uint8Array[]) =>
  new Uint8Array(await new Blob([...chunks] as BlobPart[]).arrayBuffer());

function data(model: Model, seed: number): { x: SampleArray[]; y: SampleArray[] } {
  const random = new Random(seed, [815]);
  const array = (shape: readonly number[], value: (i: number) => number) => {
    const full = [BATCH, ...shape];
    const size = full.reduce((product, axis) => product * axis, 1);
    return { data: Float32Array.from({ length: size }, (_, i) => value(i)), shape: full };
  };
  return {
    x: model.inputShapes.map((shape) => array(shape, () => random.normal())),
    y: model.outputShapes.map((shape) => {
      const hot = Array.from({ length: BATCH }, () => random.integer(shape[0]));
      return array(shape, (i) => (i % shape[0] === hot[Math.floor(i / shape[0])] ? 1 : 0));
    }),
  };
}

/** A random graph, trained for two steps with one of the optimizers. */
async function graphJob(seed: number): Promise<Job> {
  const model = randomGraph(seed);
  const optimizers = [
    adam({ learningRate: 0.003 }),
    sgd({ learningRate: 0.01, momentum: 0.9, nesterov: seed % 3 === 0 }),
    sgd({
      learningRate:
        seed % 2 === 0 ? 0.02 : cosineDecay({ initialLearningRate: 0.03, decaySteps: 6 }),
    }),
    adamW({ learningRate: 0.003, weightDecay: 0.1 }),
    rmsprop({ learningRate: 0.003, momentum: 0.5, centered: seed % 2 === 0 }),
    lion({ learningRate: 0.001, weightDecay: 0.1 }),
    lamb({ learningRate: 0.003, globalClipNorm: 1, useEma: true }),
    adam({ learningRate: 0.003, clipNorm: 0.1, gradientAccumulationSteps: 3 }),
  ];
  model.compile({
    optimizer: optimizers[seed % optimizers.length],
    loss: categoricalCrossentropy(),
    lossWeights: model.outputNames.map((_, i) => 1 / (i + 1)),
    metrics: ['accuracy'],
    on: createReferenceExecutor(),
  });
  const { x, y } = data(model, seed);
  for (let step = 0; step < 2; step++) await model.trainOnBatch(x, y);
  return { name: `graph_${seed}`, legacy: seed % 4 === 3, model, x, y };
}

async function write({ name, legacy, model, x, y }: Job): Promise<void> {
  const path = join(folder, name);
  await writeFile(`${path}.keras`, await bytesOf(await encodeKeras(model)));
  if (legacy) await writeFile(`${path}.h5`, await bytesOf(await encodeLegacyH5(model)));
  await writeFile(`${path}.weights.h5`, await bytesOf(await encodeKerasWeights(model)));
  await writeFile(`${path}.json`, modelToJson(model));
  const tensors = new Map<string, TensorInput>();
  const add = (letter: string, list: SampleArray[]) => {
    list.forEach((array, i) => {
      tensors.set(`${letter}${i}`, { shape: [...array.shape], data: array.data as Float32Array });
    });
  };
  add('x', x);
  add('y', y);
  await writeFile(`${path}.data.safetensors`, await bytesOf(encodeSafetensors(tensors)));
}

const decoders = [
  ['.keras', decodeKeras],
  ['.h5', decodeLegacyH5],
] as const;
const jobs: Job[] = [];
let results: Record<string, Result> = {};

before(async () => {
  const python = await pythonWithFrameworks();
  for (let seed = 0; seed < GRAPHS; seed++) jobs.push(await graphJob(seed));
  for (const job of jobs) await write(job);
  const list = jobs.map(({ name }) => ({ name }));
  await writeFile(join(folder, 'jobs.json'), JSON.stringify(list));
  const script = `${root}tests/interop/keras_exchange.py`;
  await promisify(execFile)(python, [script, folder], { maxBuffer: 2 ** 26 });
  results = JSON.parse(await readFile(join(folder, 'results.json'), 'utf8'));
});

/** Compares our outputs with the tensors of a file that are numbered after a name. */
async function compareOutputs(job: Job, model: Model, name: string): Promise<void> {
  const bytes = await readFile(join(folder, `${job.name}.results.safetensors`));
  const { tensors } = decodeSafetensors(bytes);
  const outputs = await model.predictAll(job.x);
  for (const [i, { data: ours, shape }] of outputs.entries()) {
    const theirs = tensors.get(`${name}${i}`);
    assert.deepEqual(theirs?.shape, shape);
    const error = relativeError(ours, theirs?.data as Float32Array);
    assert.ok(error <= OUTPUTS, `${job.name}: output ${i} ${name} differs by ${error}`);
  }
}

async function compareLosses(job: Job, model: Model, losses: readonly number[]): Promise<void> {
  for (const [step, theirs] of losses.entries()) {
    const { loss } = await model.trainOnBatch(job.x, job.y);
    const error = Math.abs(loss - theirs) / Math.abs(theirs);
    assert.ok(
      error <= LOSSES,
      `${job.name}: step ${step} has loss ${loss} here and ${theirs} there`,
    );
  }
}

test('real Keras opens our files, predicts alike, trains on alike; we open its files, and so do we', async (t) => {
  for (const job of jobs) {
    await t.test(job.name, async () => {
      const result = results[job.name];
      assert.equal(result.error, undefined);
      assert.deepEqual(result.ours, result.theirs);
      assert.equal(result.iterations, (await job.model.optimizerState()).iterations);
      await compareOutputs(job, job.model, 'before');
      await compareOutputs(job, job.model, 'weights');
      if (job.legacy) await compareOutputs(job, job.model, 'legacy');
      assert.deepEqual(result.oursLegacy, result.theirsLegacy);
      await compareLosses(job, job.model, result.losses);

      for (const [extension, decode] of decoders) {
        if (extension === '.h5' && !job.legacy) continue;
        const bytes = await readFile(join(folder, `${job.name}.theirs${extension}`));
        const loaded = await decode(bytes, { source: job.name, executor: 'reference' });
        await compareOutputs(job, loaded, 'after');
        await compareLosses(job, loaded, result.further);
        await loaded.dispose();
      }

      const weights = await readFile(join(folder, `${job.name}.theirs.weights.h5`));
      await loadKerasWeights(job.model, weights);
      await compareOutputs(job, job.model, 'after');
      await job.model.dispose();
    });
  }
});
