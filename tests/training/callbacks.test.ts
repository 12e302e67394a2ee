import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import {
  type Callback,
  createReferenceExecutor,
  csvLogger,
  DataError,
  DivergenceError,
  earlyStopping,
  type FitOptions,
  FormatError,
  jsonlLogger,
  lambdaCallback,
  loadModel,
  type Model,
  modelCheckpoint,
  reduceLROnPlateau,
  resolveCallback,
  sgd,
  terminateOnNaN,
  UnknownNameError,
  ValueError,
} from '../../src/node.js';
import { denseModel, samples, weightsOf } from './small-models.js';

const folder = await mkdtemp(join(tmpdir(), 'residuum-callbacks-'));
after(() => rm(folder, { recursive: true }));
const data = samples(12, [4]);

function compiled(learningRate = 0.1): Model {
  const model = denseModel();
  const optimizer = sgd({ learningRate, momentum: 0.9 });
  model.compile({ loss: 'categoricalCrossentropy', optimizer, on: createReferenceExecutor() });
  return model;
}

const fit = (model: Model, callbacks: Callback[], options: FitOptions = {}) =>
  model.fit(...data, { batchSize: 4, epochs: 3, verbose: false, ...options, callbacks });

/** Spoils the weights before an epoch, so that its loss is worse than the one before. */
function spoil(model: Model, at: number): Callback {
  return lambdaCallback({
    async onEpochBegin(epoch) {
      if (epoch !== at) return;
      for (const { variable } of model.namedVariables) {
        variable.write((await variable.read()).map((value) => value * -30));
      }
    },
  });
}

suite('earlyStopping', () => {
  test('ends training and brings the best weights back, also from its state', async () => {
    const model = compiled();
    let best = new Map<string, Float32Array>();
    const keep = lambdaCallback({
      async onEpochEnd(epoch) {
        if (epoch === 1) best = await weightsOf(model);
      },
    });
    const stopper = earlyStopping({ monitor: 'loss', patience: 1, restoreBestWeights: true });
    const history = await fit(model, [spoil(model, 2), keep, stopper], { epochs: 9 });
    assert.deepEqual(history.epoch, [0, 1, 2]);
    assert.deepEqual([stopper.bestEpoch, stopper.stoppedEpoch], [1, 2]);
    assert.deepEqual(await weightsOf(model), best);

    const again = earlyStopping({ monitor: 'loss', patience: 1, restoreBestWeights: true });
    again.setState?.(JSON.parse(JSON.stringify(stopper.getState?.())));
    again.setArrays?.(stopper.getArrays?.() ?? new Map());
    await fit(model, [spoil(model, 3), again], { epochs: 9, initialEpoch: 3 });
    assert.equal(again.stoppedEpoch, 3);
    assert.deepEqual(await weightsOf(model), best);
  });

  test('names the figures when its own is not among them, and refuses a damaged state', async () => {
    await assert.rejects(fit(compiled(), [earlyStopping()]), (error: Error) => {
      return error instanceof ValueError && /'valLoss', but .* loss/.test(error.message);
    });
    assert.throws(() => earlyStopping().setState?.({ wait: 'x' }), FormatError);
    assert.throws(() => earlyStopping({ patience: -1 }), ValueError);
    assert.throws(() => reduceLROnPlateau({ factor: 1 }), ValueError);
  });
});

test('terminateOnNaN ends training where fit would fail', async () => {
  const diverging = () => compiled(1e38);
  await assert.rejects(fit(diverging(), []), DivergenceError);
  const history = await fit(diverging(), [terminateOnNaN()]);
  assert.ok(history.stoppedAt !== undefined);
  assert.ok(Object.values(history.stoppedAt.sums).every(Number.isFinite));
});

test('lambdaCallback refuses the name of no hook', () => {
  assert.throws(() => lambdaCallback({ onEpochEnds() {} } as Callback), ValueError);
});

suite('csvLogger', () => {
  test('writes a row an epoch, and goes on after the rows that hold', async () => {
    const filename = join(folder, 'deep', 'log.csv');
    const model = compiled();
    const { history } = await fit(model, [csvLogger({ filename })], { validationData: data });
    const rows = (await readFile(filename, 'utf8')).split('\n');
    assert.equal(rows[0], 'epoch,loss,seconds,valLoss');
    assert.equal(rows[2].split(',')[1], String(history.loss[1]));
    assert.deepEqual([rows.length, rows[4]], [5, '']);

    // Epoch 2 is done again, and a row that was torn off goes.
    await writeFile(filename, `${rows.join('\n')}3,0.`);
    const append = csvLogger({ filename, append: true });
    await fit(model, [append], { epochs: 4, initialEpoch: 2 });
    const after = (await readFile(filename, 'utf8')).split('\n');
    assert.deepEqual(after.slice(0, 3), rows.slice(0, 3));
    assert.deepEqual(
      after.slice(3).map((row) => row.replace(/,.*,/, ',#,')),
      ['2,#,NA', '3,#,NA', ''],
    );
  });

  test('says why it cannot write', async () => {
    const filename = join(folder, 'deep', 'log.csv', 'under-a-file.csv');
    await assert.rejects(fit(compiled(), [csvLogger({ filename })]), DataError);
  });
});

test('jsonlLogger writes lines an epoch and a step, and goes on within an epoch', async () => {
  const filename = join(folder, 'log.jsonl');
  const read = async () => {
    const lines = (await readFile(filename, 'utf8')).trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line) as Record<string, number>);
  };
  const model = compiled();
  const stop = lambdaCallback({
    onTrainBatchEnd(batch) {
      if (batch === 1) model.stopTraining = true;
    },
  });
  const logger = () => jsonlLogger({ filename, batches: true, append: true });
  const first = await fit(model, [logger(), stop], { epochs: 1 });
  assert.deepEqual(
    (await read()).map(({ epoch, batch }) => [epoch, batch]),
    [
      [0, 0],
      [0, 1],
    ],
  );
  assert.ok(first.stoppedAt !== undefined);
  const position = { ...first.stoppedAt, batch: 1 };
  await fit(model, [logger()], { epochs: 2, initialPosition: position });
  const lines = await read();
  const places = lines.map(({ epoch, batch }) => `${epoch}:${batch ?? 'end'}`);
  assert.equal(places.join(' '), '0:0 0:1 0:2 0:end 1:0 1:1 1:2 1:end');
  assert.equal(lines[3].learningRate, 0.1);
  assert.ok(lines[3].loss > 0);
});

suite('modelCheckpoint', () => {
  test('names files by epoch and figures, keeps the last, and training goes on from one', async () => {
    const filepath = join(folder, 'kept', 'e{epoch:02d}-{loss:.3f}.safetensors');
    const model = compiled();
    const checkpoint = modelCheckpoint({ filepath, keepLast: 2 });
    const { history } = await fit(model, [checkpoint], { epochs: 3, seed: 1 });
    const names = [1, 2].map((i) => `e0${i + 1}-${history.loss[i].toFixed(3)}.safetensors`);
    assert.deepEqual((await readdir(join(folder, 'kept'))).sort(), names);
    assert.deepEqual(
      checkpoint.files,
      names.map((name) => join(folder, 'kept', name)),
    );
    const loaded = await loadModel(checkpoint.files[0], { executor: 'reference' });
    await fit(loaded, [], { epochs: 3, initialEpoch: 2, seed: 1 });
    assert.deepEqual(await weightsOf(loaded), await weightsOf(model));

    // Another process goes on with the state: the older file goes when a newer one comes.
    const next = modelCheckpoint({ filepath, keepLast: 2 });
    const foreign = join(folder, 'kept', '..', 'precious.txt');
    await writeFile(foreign, 'x');
    const { files, ...state } = (checkpoint.getState?.() ?? {}) as { files: string[] };
    next.setState?.({ ...state, files: [foreign, ...files] });
    await fit(loaded, [next], { epochs: 4, initialEpoch: 3 });
    assert.equal(existsSync(join(folder, 'kept', names[0])), false);
    assert.equal(next.files.length, 2);
    assert.ok(existsSync(foreign));
  });

  test('saves the best only', async () => {
    const model = compiled();
    const filepath = join(folder, 'best', '{epoch}.safetensors');
    const options = { filepath, saveBestOnly: true, monitor: 'loss' };
    const checkpoint = modelCheckpoint(options);
    const { history } = await fit(model, [spoil(model, 1), checkpoint], { epochs: 2 });
    assert.ok(history.loss[1] > history.loss[0]);
    assert.deepEqual(await readdir(join(folder, 'best')), ['1.safetensors']);
    assert.equal(checkpoint.best, history.loss[0]);
  });

  test('saves every so many steps, across epochs, and by time', async () => {
    const filepath = join(folder, 'steps', '{epoch}-{batch}.safetensors');
    await fit(compiled(), [modelCheckpoint({ filepath, saveFreq: 2 })], { epochs: 2 });
    const names = ['1-2.safetensors', '2-1.safetensors', '2-3.safetensors'];
    assert.deepEqual(await readdir(join(folder, 'steps')), names);
    const timed = join(folder, 'timed', '{epoch}-{batch}.safetensors');
    // Every step takes longer than this.
    const soon = modelCheckpoint({ filepath: timed, everyMinutes: 1e-9 });
    const never = modelCheckpoint({ filepath: timed, everyMinutes: 1e9 });
    await fit(compiled(), [soon, never], { epochs: 1 });
    assert.equal(soon.files.length, 3);
    assert.equal(never.files.length, 0);
  });

  test('refuses what it cannot do', async () => {
    const wrong = modelCheckpoint({ filepath: join(folder, '{accuracy}.safetensors') });
    await assert.rejects(fit(compiled(), [wrong]), /names the figure 'accuracy', but there are/);
    const filepath = '{epoch:%d}';
    assert.throws(() => modelCheckpoint({ filepath }), /no format that is known/);
    assert.throws(() => modelCheckpoint({ filepath: 'x', saveFreq: 0 }), ValueError);
  });
});

test('callbacks by name, as JSON has them', () => {
  const filename = 'x.csv';
  assert.equal(resolveCallback('csvLogger', { filename }).name, 'csvLogger');
  assert.equal(resolveCallback('earlyStopping', { patience: 3 }).name, 'earlyStopping');
  assert.throws(() => resolveCallback('earlyStoping'), UnknownNameError);
  assert.throws(() => resolveCallback('csvLogger', { filename, patience: 3 }), ValueError);
});
