import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { nodeFiles } from '../../src/node/files.js';
import { RunFolder } from '../../src/node/run-folder.js';
import { takeLock } from '../../src/node/runs/run-lock.js';
import { type RunSettings, resumeRun, startRun } from '../../src/node/train-run.js';
import { temporaryFolder } from '../e2e/cli/command.js';
import { finishTiny, interruptTiny, resultOf, TINY, tinyModel, trainTiny } from './tiny-run.js';

/** What leaves most options to their defaults. */
const SHORT: RunSettings = {
  ...TINY,
  augment: [{ name: 'padCrop', padding: 2 }],
  metrics: [{ name: 'topKAccuracy', k: 3 }],
  callbacks: [{ name: 'csvLogger', filename: 'epochs.csv' }],
};

const SCHEDULED: RunSettings = {
  ...TINY,
  optimizer: 'sgd',
  optimizerOptions: { momentum: 0.9 },
  schedule: { name: 'cosineDecay', initialLearningRate: 0.01, decayEpochs: 2 },
};

suite('settings of runs', () => {
  const folder = temporaryFolder({ after });
  const path = (...parts: string[]) => join(folder, ...parts);
  const recordOf = async (run: string) => (await RunFolder.open(path(run))).readRecord();

  test('a run keeps all defaults; one that was stored without goes on as it was', async () => {
    await trainTiny(path('whole'), {}, SHORT);
    const { settings } = await recordOf('whole');
    assert.deepEqual(settings.loss, {
      name: 'categoricalCrossentropy',
      ...{ fromLogits: false, labelSmoothing: 0 },
    });
    assert.deepEqual(settings.augment, [
      { name: 'padCrop', padding: 2, fillMode: 'constant', fillValue: 0 },
    ]);
    assert.deepEqual(settings.callbacks, [
      { name: 'csvLogger', filename: 'epochs.csv', separator: ',', append: false },
    ]);
    assert.equal(settings.optimizerOptions?.beta2, 0.999);
    await interruptTiny(path('older'), 4, SHORT);
    const older = await RunFolder.open(path('older'));
    const record = await older.readRecord();
    const { loss: _, weightDecay: __, optimizerOptions: ___, ...kept } = record.settings;
    const { augment, metrics, callbacks } = SHORT;
    await older.writeRecord({ ...record, settings: { ...kept, augment, metrics, callbacks } });
    await finishTiny(path('older'));
    assert.deepEqual(resultOf(path('older')), resultOf(path('whole')));
    assert.deepEqual((await recordOf('older')).settings, settings);
  });

  test('a rate that is given on resuming takes the place of a schedule', async () => {
    await interruptTiny(path('scheduled'), 4, SCHEDULED);
    const before = await (await RunFolder.open(path('scheduled'))).readCheckpoint();
    const slots = async (model: typeof before.model) =>
      (await model.optimizerState()).slots.get('m')?.get('classes/kernel')?.slice();
    const expected = await slots(before.model);
    assert.ok(expected?.some((value) => value !== 0));
    await before.model.dispose();
    const run = await resumeRun(path('scheduled'), { learningRate: 0.001 });
    assert.deepEqual(await slots(run.model), expected);
    assert.equal((await run.model.optimizerState()).iterations, 4);
    assert.equal(run.record.settings.schedule, undefined);
    await run.train({ report: false });
    assert.equal(run.model.optimizer.learningRate, 0.001);
    assert.equal(resultOf(path('scheduled')).status, 'done');
    const config = JSON.parse(readFileSync(path('scheduled', 'config.json'), 'utf8'));
    assert.deepEqual([config.schedule, config.optimizer.learningRate], [undefined, 0.001]);
  });

  test('what more epochs than planned cannot be is told', async () => {
    const goOn = async (name: string, settings: RunSettings) => {
      await trainTiny(path(name), {}, settings);
      const run = await resumeRun(path(name), { epochs: 3 });
      await run.leave();
      return run.notes.join(' ');
    };
    assert.equal(await goOn('plain', TINY), '');
    assert.match(
      await goOn('cosine', SCHEDULED),
      /'cosineDecay' is not stretched from 2 to 3 epochs/,
    );
    const callbacks = [{ name: 'swa', startEpoch: 1 }];
    const averaged = await goOn('averaged', { ...TINY, callbacks, evaluate: { weights: 'swa' } });
    assert.match(averaged, /^Callbacks had done what they do at the end/);
  });

  test('a callback that would write over the run is refused before anything is made', async () => {
    const callbacks = [{ name: 'modelCheckpoint', filepath: 'model.safetensors' }];
    const begun = startRun({ ...TINY, callbacks }, path('own'), { model: tinyModel() });
    await assert.rejects(begun, /'model\.safetensors' is a file that the run keeps itself/);
    assert.ok(!existsSync(path('own')));
  });

  test('a run that was moved keeps the last files of its callback, and has the same bytes', async () => {
    const filepath = 'checkpoints/{epoch}.safetensors';
    const callbacks = [{ name: 'modelCheckpoint', filepath, keepLast: 1 }];
    const settings: RunSettings = { ...TINY, epochs: 3, callbacks };
    await trainTiny(path('stayed'), {}, settings);
    await interruptTiny(path('before'), 4, settings);
    assert.ok(existsSync(path('before/checkpoints/1.safetensors')));
    renameSync(path('before'), path('moved'));
    await finishTiny(path('moved'));
    assert.ok(!existsSync(path('moved/checkpoints/1.safetensors')));
    assert.ok(existsSync(path('moved/checkpoints/3.safetensors')));
    assert.deepEqual(resultOf(path('moved')), resultOf(path('stayed')));
  });

  test('of two processes that begin one run, the second leaves the files of the first', async () => {
    mkdirSync(path('taken'));
    const holder = { pid: process.pid, host: hostname(), began: '' };
    writeFileSync(path('taken/.lock'), JSON.stringify(holder));
    const written = path('taken/.run.json.1.0123456789ab.tmp');
    writeFileSync(written, '{');
    const second = startRun(TINY, path('taken'), { model: tinyModel() });
    await assert.rejects(second, /is being trained by process/);
    assert.ok(existsSync(written) && existsSync(path('taken/.lock')));
  });

  test('of two that look at once, one has the lock', async () => {
    let looking = 0;
    let go = () => {};
    const both = new Promise<void>((resolve) => {
      go = resolve;
    });
    const stat: typeof nodeFiles.stat = (async (...args: Parameters<typeof nodeFiles.stat>) => {
      const found = await nodeFiles.stat(...args).catch((error: unknown) => error);
      if (++looking === 2) go();
      await both;
      if (found instanceof Error) throw found;
      return found;
    }) as typeof nodeFiles.stat;
    const lock = path('contested.lock');
    const taken = [1, 2].map(() => takeLock(lock, 'run', { ...nodeFiles, stat }));
    const results = await Promise.allSettled(taken);
    assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    assert.ok(JSON.parse(readFileSync(lock, 'utf8')).pid === process.pid);
  });
});
