import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { buildModel } from '../../src/node/runs/build-model.js';
import { startRun, type TrainingRun } from '../../src/node/train-run.js';
import {
  type Callback,
  createReferenceExecutor,
  decodeSafetensors,
  encodeSafetensors,
  type Model,
  Random,
  type RunConfig,
  type RunPlan,
  type RunSettings,
  readRecipe,
  settingsOfConfig,
  type TensorInput,
} from '../../src/node.js';
import { relativeError } from '../parity/relative-error.js';
import { runPython } from './run-python.js';

const RECIPE = readRecipe('cifar-resnet20');
const CLASSES = 10;
const SHAPE = [32, 32, 3] as const;
const PIXELS = 3072;
/** Images of each of the six files; a tenth of those of the first five is kept for validation. */
const IMAGES = 60;
const KEPT = 30;
const TRAINING = 5 * IMAGES - KEPT;
const BATCH = 54;
const EPOCH_STEPS = TRAINING / BATCH;
/** Ours may be at most so many times PyTorch's own float32 error, the larger of two orders of memory. */
const FACTOR = 2;
/** PyTorch's orders of memory, whose sums differ in their order. */
const LAYOUTS = ['contiguous_format', 'channels_last'] as const;
/** What is compared in float32, all its tensors as one vector. */
const GROUPS = {
  weights: /^weight\/.*\/(kernel|bias|gamma|beta)$/,
  'moving means': /\/movingMean$/,
  'moving variances': /\/movingVariance$/,
  momenta: /^m\//,
};
/** Steps and samples of a step in float64; the reference executor is slow. */
const EXACT_STEPS = 5;
const EXACT_BATCH = 4;
/** Relative error of losses in float64. */
const EXACT = 1e-12;
/** The state is read as float32, which alone is an error of up to 2^-24 of each number. */
const AS_FLOAT32 = 2 ** -24;

type Tensors = ReadonlyMap<string, { readonly data: ArrayLike<number | bigint> }>;

/** What a step was given, and what the model was after it. */
interface Step {
  readonly loss: number;
  /** By name: `weight/…` with moving statistics, and `m/…`, the momenta. */
  readonly state: ReadonlyMap<string, Float32Array>;
}

interface Batch {
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** Places in the training files, all of them counted through. */
  readonly records: readonly number[];
}

/** CIFAR-10's binary files with images of our own: a colour and a stripe for each class, and noise. */
async function writeFiles(folder: string): Promise<void> {
  const names = [1, 2, 3, 4, 5].map((number) => `data_batch_${number}`);
  for (const [file, name] of [...names, 'test_batch'].entries()) {
    const random = new Random(1, [file]);
    const bytes = new Uint8Array(IMAGES * (1 + PIXELS));
    for (let image = 0; image < IMAGES; image++) {
      const label = random.integer(CLASSES);
      const at = image * (1 + PIXELS);
      bytes[at] = label;
      for (let place = 0; place < PIXELS; place++) {
        const stripe = ((place >> 5) + label) % CLASSES < 3 ? 60 : 0;
        const colour = ((place >> 10) + label) % 3 === 0 ? 50 : 0;
        bytes[at + 1 + place] = 20 + stripe + colour + random.integer(100);
      }
    }
    await writeFile(join(folder, `${name}.bin`), bytes);
  }
}

/** The recipe with its data there, smaller batches, and changes of the rate after so many steps. */
function settingsOf(folder: string, boundaries: readonly number[]): RunSettings {
  const config: RunConfig = {
    ...RECIPE,
    data: { ...RECIPE.data, folder },
    schedule: { name: 'piecewiseConstantDecay', ...RECIPE.schedule, boundaries },
    batchSize: BATCH,
    epochs: 2,
  };
  return settingsOfConfig(config);
}

async function stateOf(model: Model): Promise<Map<string, Float32Array>> {
  const state = new Map<string, Float32Array>();
  for (const { entry, variable } of model.namedVariables) {
    state.set(`weight/${entry}`, (await variable.read()).slice());
  }
  const { slots } = await model.optimizerState();
  for (const [entry, values] of slots.get('m') ?? []) state.set(`m/${entry}`, values.slice());
  return state;
}

/** Keeps the batches that training asks the data for. */
function recordBatches(t: TestContext, { data }: TrainingRun): readonly Batch[] {
  const batches: Batch[] = [];
  const gather = data.train.gather.bind(data.train);
  const recorded: typeof gather = async (indices, inputs, targets, context) => {
    await gather(indices, inputs, targets, context);
    const records = Array.from(indices, (index) => index + KEPT);
    batches.push({ x: inputs[0].slice(), y: targets[0].slice(), records });
  };
  t.mock.method(data.train, 'gather', recorded);
  return batches;
}

/** Keeps what every step leaves behind. */
function recordSteps(model: Model): { steps: readonly Step[]; callback: Callback } {
  const steps: Step[] = [];
  let plan: RunPlan | undefined;
  let before = { samples: 0, loss: 0 };
  const callback: Callback = {
    setModel: (_, given) => {
      plan = given;
    },
    onEpochBegin: () => {
      before = { samples: 0, loss: 0 };
    },
    async onTrainBatchEnd() {
      const { samples = 0, sums = {} } = plan?.position() ?? {};
      const loss = (sums.loss - before.loss) / (samples - before.samples);
      before = { samples, loss: sums.loss };
      steps.push({ loss, state: await stateOf(model) });
    },
  };
  return { steps, callback };
}

/** Lets PyTorch train on the same batches, from the first state, or each step from ours before it. */
async function trainInPython(
  folder: string,
  { schedule, augment = [], modelOptions }: RunSettings,
  model: Model,
  before: readonly ReadonlyMap<string, Float32Array>[],
  batches: readonly Batch[],
) {
  const { kernelRegularizer } = modelOptions ?? {};
  const { l2 } = kernelRegularizer as { l2: number };
  const records = batches.map((batch) => batch.records);
  const job = {
    steps: batches.length,
    boundaries: schedule?.boundaries,
    values: schedule?.values,
    l2,
    padding: augment.find(({ name }) => name === 'padCrop')?.padding,
    ...(records.every((list) => list.length > 0) && { records }),
  };
  await writeFile(join(folder, 'job.json'), JSON.stringify(job));
  const shapes = new Map(
    model.namedVariables.map(({ entry, variable }) => [entry, variable.shape]),
  );
  const tensors = new Map<string, TensorInput>();
  for (const [step, state] of before.entries()) {
    for (const [name, data] of state) {
      const shape = shapes.get(name.replace(/^\w+\//, '')) ?? assert.fail(name);
      tensors.set(`before/${step}/${name}`, { shape, data });
    }
  }
  for (const [step, { x, y }] of batches.entries()) {
    const count = y.length / CLASSES;
    tensors.set(`batch/${step}/x`, { shape: [count, ...SHAPE], data: x });
    tensors.set(`batch/${step}/y`, { shape: [count, CLASSES], data: y });
  }
  await writeFile(join(folder, 'job.safetensors'), encodeSafetensors(tensors));
  return runPython('cifar_recipe.py', folder);
}

async function readResult(folder: string, name: string): Promise<Tensors> {
  return decodeSafetensors(await readFile(join(folder, `${name}.safetensors`))).tensors;
}

/** The numbers of a tensor, of ours after a step or of PyTorch's. */
function numbersOf(tensors: Tensors, name: string): Float64Array {
  const { data } = tensors.get(name) ?? assert.fail(`${name} is missing`);
  return Float64Array.from(data as ArrayLike<number>);
}

/** ‖found − truth‖₂ / ‖truth‖₂ over several tensors as one vector. */
function errorOf(
  names: readonly string[],
  found: (name: string) => ArrayLike<number>,
  truth: (name: string) => ArrayLike<number>,
): number {
  let [distance, norm] = [0, 0];
  for (const name of names) {
    const [ours, theirs] = [found(name), truth(name)];
    assert.equal(ours.length, theirs.length, name);
    for (let i = 0; i < theirs.length; i++) {
      distance += (ours[i] - theirs[i]) ** 2;
      norm += theirs[i] ** 2;
    }
  }
  return Math.sqrt(distance / norm);
}

async function scratch(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'residuum-cifar-recipe-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeFiles(folder);
  return folder;
}

test('a run of the recipe: every step is what PyTorch makes of the state before it', async (t) => {
  const folder = await scratch(t);
  const settings = settingsOf(folder, [2, 5]);
  const run = await startRun(settings, join(folder, 'run'));
  const { model } = run;
  const start = await stateOf(model);
  const batches = recordBatches(t, run);
  const { steps, callback } = recordSteps(model);
  await run.train({ callbacks: [callback], report: false });
  const inTurn = Array.from({ length: TRAINING }, (_, i) => KEPT + i);
  for (const epoch of [batches.slice(0, EPOCH_STEPS), batches.slice(EPOCH_STEPS)]) {
    assert.deepEqual(epoch.flatMap(({ records }) => records).sort(ascending), inTurn);
  }
  const before = [start, ...steps.slice(0, -1).map(({ state }) => state)];
  const found = JSON.parse(await trainInPython(folder, settings, model, before, batches)) as {
    images: number;
    flipped: number;
    down: number[];
    right: number[];
  };
  assert.equal(found.images, 2 * TRAINING);
  assert.ok(found.flipped > 0.4 * found.images && found.flipped < 0.6 * found.images);
  for (const moves of [found.down, found.right]) {
    assert.deepEqual(moves, [-4, -3, -2, -1, 0, 1, 2, 3, 4]);
  }
  const truth = await readResult(folder, 'float64');
  const float32 = await Promise.all(LAYOUTS.map((layout) => readResult(folder, layout)));
  const close = (what: string, error: number, theirs: readonly number[]) => {
    const own = Math.max(...theirs);
    t.diagnostic(`${what}: error ${error.toExponential(1)}, PyTorch's own ${own.toExponential(1)}`);
    assert.ok(error <= FACTOR * own, `${what}: ${error} > ${FACTOR} × PyTorch's own ${own}`);
  };
  assert.equal(steps.length, 2 * EPOCH_STEPS);
  for (const [step, { state }] of steps.entries()) {
    for (const [group, pattern] of Object.entries(GROUPS)) {
      const names = [...state.keys()].filter((name) => pattern.test(name));
      assert.ok(names.length >= 19);
      const after = (tensors: Tensors) => (name: string) => numbersOf(tensors, `${step}/${name}`);
      const ours = errorOf(names, (name) => state.get(name) ?? [], after(truth));
      const theirs = float32.map((tensors) => errorOf(names, after(tensors), after(truth)));
      close(`${group} after step ${step + 1}`, ours, theirs);
    }
  }
  const losses = numbersOf(truth, 'losses');
  const ours = steps.map(({ loss }) => loss);
  const theirs = float32.map((tensors) => relativeError(numbersOf(tensors, 'losses'), losses));
  close('losses', relativeError(ours, losses), theirs);
});

test('in float64 both stay the same in every tensor, from the first step on', async (t) => {
  const folder = await scratch(t);
  const settings = settingsOf(folder, [1, 3]);
  const info = { imageShape: [...SHAPE], classNames: Array.from({ length: CLASSES }, String) };
  const model = buildModel(settings, info, { engine: {}, stepsPerEpoch: 1 });
  const { objectiveOptions, optimizer } = model;
  const on = createReferenceExecutor({ precision: 'float64' });
  model.compile({ ...objectiveOptions, optimizer, on });
  const start = await stateOf(model);
  const batches = Array.from({ length: EXACT_STEPS }, (_, step) => madeUpBatch(step));
  const steps: Step[] = [];
  for (const { x, y } of batches) {
    const images = { data: x, shape: [EXACT_BATCH, ...SHAPE] };
    const { loss } = await model.trainOnBatch(images, { data: y, shape: [EXACT_BATCH, CLASSES] });
    steps.push({ loss, state: await stateOf(model) });
  }
  await model.dispose();
  await trainInPython(folder, settings, model, [start], batches);
  const truth = await readResult(folder, 'float64');
  const losses = steps.map(({ loss }) => loss);
  assert.ok(relativeError(losses, numbersOf(truth, 'losses')) < EXACT);
  for (const [step, { state }] of steps.entries()) {
    assert.equal(state.size, 19 * 4 + 21 + 2 * 19 + 21);
    for (const [name, values] of state) {
      const error = relativeError(values, numbersOf(truth, `${step}/${name}`));
      assert.ok(error <= AS_FLOAT32, `${name} after step ${step + 1}: relative error ${error}`);
    }
  }
});

const ascending = (a: number, b: number) => a - b;

function madeUpBatch(step: number): Batch {
  const random = new Random(2, [step]);
  const x = Float32Array.from({ length: EXACT_BATCH * PIXELS }, () => random.uniform());
  const y = new Float32Array(EXACT_BATCH * CLASSES);
  for (let i = 0; i < EXACT_BATCH; i++) y[i * CLASSES + random.integer(CLASSES)] = 1;
  return { x, y, records: [] };
}
