import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { sharedLayerClasses } from '../../src/interchange/keras/layer-options.js';
import { networkToConfig } from '../../src/network/config.js';
import {
  decodeKeras,
  decodeLegacyH5,
  decodeSafetensors,
  encodeKeras,
  encodeKerasWeights,
  encodeLegacyH5,
  encodeSafetensors,
  loadKerasWeights,
  type Model,
  modelToJson,
  type SampleArray,
  type TensorInput,
} from '../../src/node.js';
import { keras2Config } from '../interchange/keras2-config.js';
import { relativeError } from '../parity/relative-error.js';
import {
  articleJob,
  compileJobs,
  graphJobs,
  type KerasJob,
  type KerasJobs,
  layerJobs,
  manyNamesJob,
  weightJobs,
} from './keras-jobs.js';
import { PythonWorker } from './python-worker.js';

const OUTPUTS = 1e-5;
const LOSSES = 1e-4;
const GRAPHS = 100;
/** Jobs that are made while Python works on earlier ones. */
const AHEAD = 4;

/** Losses of Keras's further steps, in float64 too where it was asked for. */
interface Losses {
  readonly float32: readonly number[];
  readonly float64: readonly number[];
}

/** What `keras_exchange.py` answers. */
interface Answer {
  readonly ours: unknown[];
  readonly theirs: unknown[];
  readonly oursLegacy?: unknown[];
  readonly theirsLegacy?: unknown[];
  readonly iterations: number;
  readonly losses: Losses;
  readonly further: Losses;
}

const decoders = [
  ['.keras', decodeKeras],
  ['.h5', decodeLegacyH5],
] as const;

const folder = await mkdtemp(join(tmpdir(), 'residuum-keras-'));
let python: PythonWorker;

before(async () => {
  python = await PythonWorker.start('keras_exchange.py');
});

after(async () => {
  await python.stop();
  await rm(folder, { recursive: true });
});

const bytesOf = (chunks: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(chunks));

async function write(file: string, { legacy, model, x, y }: KerasJob): Promise<void> {
  const path = join(folder, file);
  await writeFile(`${path}.keras`, bytesOf(await encodeKeras(model)));
  if (legacy) await writeFile(`${path}.h5`, bytesOf(await encodeLegacyH5(model)));
  await writeFile(`${path}.weights.h5`, bytesOf(await encodeKerasWeights(model)));
  await writeFile(`${path}.json`, modelToJson(model));
  await writeFile(`${path}.keras2.json`, keras2Config(modelToJson(model)));
  const tensors = new Map<string, TensorInput>();
  const add = (letter: string, list: SampleArray[]) => {
    list.forEach((array, i) => {
      tensors.set(`${letter}${i}`, { shape: [...array.shape], data: array.data as Float32Array });
    });
  };
  add('x', x);
  add('y', y);
  await writeFile(`${path}.data.safetensors`, bytesOf(encodeSafetensors(tensors)));
}

/** What one job left behind. */
interface Exchange {
  readonly job: KerasJob;
  readonly file: string;
  readonly answer: Answer;
  readonly arrays: (name: string) => { shape: readonly number[]; data: Float32Array };
}

async function readExchange(job: KerasJob, file: string, answer: Answer): Promise<Exchange> {
  const { tensors } = decodeSafetensors(
    await readFile(join(folder, `${file}.results.safetensors`)),
  );
  const arrays = (name: string) => {
    const { shape, data } = tensors.get(name) ?? assert.fail(`Keras left no ${name}`);
    return { shape, data: data as Float32Array };
  };
  return { job, file, answer, arrays };
}

/** Compares our outputs with those of Keras, or with its float64 ones within twice its own error. */
async function compareOutputs(
  { job, arrays }: Exchange,
  model: Model,
  name: string,
  exactName?: string,
): Promise<void> {
  const outputs = await model.predictAll(job.x, { batchSize: job.x[0].shape[0] });
  for (const [i, { data, shape }] of outputs.entries()) {
    const theirs = arrays(`${name}${i}`);
    assert.deepEqual(theirs.shape, shape);
    const exact = job.exact && exactName ? arrays(`${exactName}${i}`).data : undefined;
    const allowed = exact ? Math.max(OUTPUTS, 2 * relativeError(theirs.data, exact)) : OUTPUTS;
    const error = relativeError(data, exact ?? theirs.data);
    assert.ok(error <= allowed, `output ${i} ${name} differs by ${error}, ${allowed} allowed`);
  }
}

/** Compares the losses of further steps, in the same way. */
async function compareLosses({ job }: Exchange, model: Model, { float32, float64 }: Losses) {
  assert.equal(float32.length, job.trains ? 5 : 0);
  assert.equal(float64.length, job.exact ? 5 : 0);
  for (const [step, theirs] of float32.entries()) {
    const { loss } = await model.trainOnBatch(job.x, job.y);
    const exact = float64[step] ?? theirs;
    const allowed = Math.max(LOSSES, 2 * Math.abs(theirs / exact - 1));
    const error = Math.abs(loss / exact - 1);
    assert.ok(
      error <= allowed,
      `step ${step} has loss ${loss} here and ${theirs} there, ${exact} in float64`,
    );
  }
}

/** Keras keeps most options as it got them, but numbers of optimizers and of L1 as float32. */
const rounded = (config: unknown): unknown =>
  JSON.parse(JSON.stringify(config), (_, value: unknown) =>
    typeof value === 'number' ? Math.fround(value) : value,
  );

async function compare(exchange: Exchange): Promise<void> {
  const { job, file, answer } = exchange;
  const { model, legacy } = job;
  assert.deepEqual(answer.ours, answer.theirs);
  assert.equal(answer.iterations, (await model.optimizerState()).iterations);
  await compareOutputs(exchange, model, 'before', 'exactBefore');
  await compareOutputs(exchange, model, 'weights', 'exactBefore');
  await compareOutputs(exchange, model, 'old', 'exactBefore');
  if (legacy) await compareOutputs(exchange, model, 'legacy');
  assert.deepEqual(answer.oursLegacy, answer.theirsLegacy);
  await compareLosses(exchange, model, answer.losses);

  for (const [extension, decode] of decoders) {
    if (extension === '.h5' && !legacy) continue;
    const bytes = await readFile(join(folder, `${file}.theirs${extension}`));
    const loaded = await decode(bytes, { source: file, executor: job.executor });
    assert.deepEqual(
      rounded(networkToConfig(loaded.network)),
      rounded(networkToConfig(model.network)),
    );
    assert.deepEqual(rounded(loaded.compileConfig()), rounded(model.compileConfig()));
    await compareOutputs(exchange, loaded, 'after', 'exactAfter');
    await compareLosses(exchange, loaded, answer.further);
    await loaded.dispose();
  }
  await loadKerasWeights(model, await readFile(join(folder, `${file}.theirs.weights.h5`)));
  await compareOutputs(exchange, model, 'after', 'exactAfter');
}

let files = 0;

/** Python opens the file of one job while the next ones are made and earlier ones are compared. */
function exchangeTest(title: string, jobs: KerasJobs, check?: (exchange: Exchange) => void): void {
  test(title, async (t) => {
    const waiting = [...jobs];
    const begun: { name: string; exchange: Promise<Exchange> }[] = [];
    const begin = async () => {
      const next = waiting.shift();
      if (next === undefined) return;
      const [name, make] = next;
      const file = `job_${files++}`;
      const job = await make();
      await write(file, job);
      const { trains, exact } = job;
      const answer = python.ask({ folder, name: file, trains, exact });
      const exchange = answer.then((found) => readExchange(job, file, found as unknown as Answer));
      exchange.catch(() => undefined);
      begun.push({ name, exchange });
    };
    for (let i = 0; i < AHEAD; i++) await begin();
    for (let next = begun.shift(); next !== undefined; next = begun.shift()) {
      const { name, exchange } = next;
      await begin();
      await t.test(name, async () => {
        const found = await exchange;
        await compare(found);
        check?.(found);
        await found.job.model.dispose();
      });
    }
  });
}

exchangeTest("the article's network", new Map([['trained by us', articleJob]]));
exchangeTest('every layer', layerJobs);
exchangeTest('every initializer and regulariser', weightJobs);
exchangeTest('every optimizer, loss and metric', compileJobs);
exchangeTest('random residual graphs', graphJobs(GRAPHS));
exchangeTest(
  'lists of names',
  new Map([['longer than an attribute', manyNamesJob]]),
  ({ answer }) => {
    const listing = JSON.stringify(answer.oursLegacy);
    for (const list of ['layer_names1', 'weight_names1']) assert.ok(listing.includes(list), list);
  },
);

test('no layer that both have is left out', () => {
  const tested = [...layerJobs.keys()].join('; ');
  for (const className of sharedLayerClasses) assert.ok(tested.includes(className), className);
});
