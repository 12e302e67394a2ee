import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import type { RunSettings } from '../../src/node/train-run.js';
import { temporaryFolder } from '../e2e/cli/command.js';
import { countDiskCalls, trainOnFailingDisk } from './disk-failures.js';
import { finishTiny, interruptTiny, resultOf, TINY } from './tiny-run.js';

/** No epoch is that much better than the first: it ends after the third, and takes the first weights back. */
const SETTINGS: RunSettings = {
  ...TINY,
  epochs: 9,
  callbacks: [
    {
      name: 'earlyStopping',
      monitor: 'valLoss',
      minDelta: 10,
      patience: 2,
      restoreBestWeights: true,
    },
    { name: 'reduceLROnPlateau', minDelta: 10, patience: 1, factor: 0.5 },
    { name: 'csvLogger', filename: 'epochs.csv' },
  ],
};

suite('callbacks of runs', () => {
  const folder = temporaryFolder({ after });
  const path = (...parts: string[]) => join(folder, ...parts);
  const epochsOf = (run: string) => readFileSync(path(run, 'log.jsonl'), 'utf8').match(/"epoch",/g);
  /** Rows of the file of epochs, without the seconds that they took. */
  const rows = (run: string) => {
    const [header, ...lines] = readFileSync(path(run, 'epochs.csv'), 'utf8').trim().split('\n');
    const seconds = header.split(',').indexOf('seconds');
    return [header, ...lines].map((line) => line.split(',').filter((_, i) => i !== seconds));
  };
  let whole: ReturnType<typeof resultOf>;
  let calls = 0;

  before(async () => {
    calls = await countDiskCalls(path('whole'), SETTINGS);
    whole = resultOf(path('whole'));
  });

  test('they end a run early, which counts as done and does not go on', async () => {
    const epochs = epochsOf('whole')?.length ?? 0;
    assert.equal(epochs, 3);
    assert.equal(whole.status, 'done');
    await assert.rejects(finishTiny(path('whole')), /its callbacks ended it after \d epochs/);
  });

  test('their state goes on after an interruption', async () => {
    for (const steps of [2, 5, 7]) {
      const run = `interrupted-${steps}`;
      await interruptTiny(path(run), steps, SETTINGS);
      await finishTiny(path(run));
      assert.deepEqual(resultOf(path(run)), whole, run);
      assert.deepEqual(rows(run), rows('whole'));
    }
  });

  test('and after a failure at any of the last writes, when the best weights come back', async () => {
    for (let call = calls - 36; call < calls; call += 4) {
      const disk = { code: 'EIO', call, lasting: true };
      assert.ok(await trainOnFailingDisk(path(`failed-${call}`), disk, whole, SETTINGS));
    }
  });
});
