import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { logDigest } from '../../src/node/runs/log-digest.js';
import { type RunHooks, type RunSettings, resumeRun, startRun } from '../../src/node/train-run.js';
import {
  activation,
  add,
  batchNormalization,
  clearNames,
  conv2d,
  dense,
  dropout,
  globalAveragePooling2d,
  input,
  Model,
  setRandomSeed,
} from '../../src/node.js';
import { MINI_FOLDER } from '../e2e/cli/command.js';

const IMAGES = 1012;

/** A folder with the first images of the data set that ships with the package, which are read in no time. */
function smallData(): string {
  const folder = mkdtempSync(join(tmpdir(), 'residuum-tiny-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const part of ['train', 't10k']) {
    for (const [kind, head, size] of [
      ['images-idx3-ubyte', 16, 28 * 28],
      ['labels-idx1-ubyte', 8, 1],
    ] as const) {
      const name = `${part}-${kind}`;
      const all = gunzipSync(readFileSync(join(MINI_FOLDER, `${name}.gz`)));
      const first = Buffer.from(all.subarray(0, head + IMAGES * size));
      first.writeUInt32BE(IMAGES, 4);
      writeFileSync(join(folder, name), first);
    }
  }
  return folder;
}

/** A run of two epochs of three steps, with a checkpoint after every second one. */
export const TINY: RunSettings = {
  model: 'tiny',
  dataset: 'fashion-mnist-mini',
  dataDir: smallData(),
  epochs: 2,
  batchSize: 4,
  optimizer: 'adam',
  learningRate: 0.01,
  limit: 12,
  seed: 3,
  executor: 'cpu',
  replicas: 1,
  gemm: 'wasm',
  checkpoint: { everySteps: 2 },
};

/** A residual network of 131 weights. */
export function tinyModel(): Model {
  clearNames();
  setRandomSeed(TINY.seed);
  const image = input({ shape: [28, 28, 1] });
  const x = conv2d({ filters: 2, kernelSize: 3, strides: 4, name: 'first' })(image);
  const y = conv2d({ filters: 2, kernelSize: 3, padding: 'same', name: 'second' })(x);
  const sum = add({ name: 'sum' })([batchNormalization({ name: 'norm' })(y), x]);
  const features = globalAveragePooling2d({ name: 'mean' })(
    activation('relu', { name: 'relu' })(sum),
  );
  const kept = dropout({ rate: 0.25, name: 'dropout' })(features);
  const classes = dense({ units: 10, activation: 'softmax', name: 'classes' })(kept);
  return new Model({ inputs: image, outputs: classes, name: 'tiny' });
}

/** Begins a tiny run and trains it to its end. */
export async function trainTiny(
  folder: string,
  hooks: RunHooks = {},
  settings = TINY,
): Promise<void> {
  const run = await startRun(settings, folder, { model: tinyModel(), ...hooks });
  await run.train({ report: false, signal: hooks.signal });
}

/** Goes on with a tiny run to its end, and gives what it was told of the beginning. */
export async function finishTiny(folder: string, hooks: RunHooks = {}): Promise<readonly string[]> {
  const run = await resumeRun(folder, {}, hooks);
  await run.train({ report: false });
  return run.notes;
}

/** Begins a tiny run and interrupts it after so many steps. */
export async function interruptTiny(folder: string, steps: number, settings = TINY): Promise<void> {
  const stop = new AbortController();
  let done = 0;
  const run = await startRun(settings, folder, { model: tinyModel() });
  const onEvent = ({ event }: { event: string }) => {
    if (event === 'batch' && ++done === steps) stop.abort();
  };
  await run.train({ report: false, signal: stop.signal, onEvent });
}

/** All that a run that is done has computed: the checkpoint's bytes, the log without times, the test. */
export function resultOf(folder: string) {
  const read = (name: string) => readFileSync(join(folder, name));
  const { status, test, validation } = JSON.parse(read('run.json').toString()) as Record<
    string,
    unknown
  >;
  return {
    status,
    test,
    validation,
    log: logDigest(read('log.jsonl').toString()),
    checkpoint: read('model.safetensors').toString('base64'),
  };
}
