import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataError } from '../../src/core/errors.js';
import type { RunSettings } from '../../src/node/train-run.js';
import { failingFiles } from './failing-files.js';
import { finishTiny, resultOf, trainTiny } from './tiny-run.js';

/** Calls of a tiny run that change something on the disk. */
export async function countDiskCalls(folder: string, settings?: RunSettings): Promise<number> {
  const disk = failingFiles('NONE', Number.POSITIVE_INFINITY, false);
  await trainTiny(folder, { files: disk.files }, settings);
  return disk.calls;
}

/**
 * Trains a tiny run on a disk that fails at one call, then goes on with it on one that works.
 * @returns whether the failure was told; a failure to tidy up at the very end is not.
 */
export async function trainOnFailingDisk(
  folder: string,
  disk: { code: string; call: number; lasting: boolean },
  expected: ReturnType<typeof resultOf>,
  settings?: RunSettings,
): Promise<boolean> {
  const what = `${disk.code} at call ${disk.call}`;
  const { files } = failingFiles(disk.code, disk.call, disk.lasting);
  const failure = await trainTiny(folder, { files }, settings).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure !== undefined) {
    assert.ok(failure instanceof DataError, `${what}: ${String(failure)}`);
    assert.match(failure.message, /^cannot (write|remove) .*: (the disk|files may)/, what);
  }
  const record = join(folder, 'run.json');
  // What failed before the first step leaves nothing behind.
  if (!existsSync(record)) await trainTiny(folder, {}, settings);
  // And what failed at the very last call is done.
  else if (!/"status": "done"/.test(readFileSync(record, 'utf8'))) await finishTiny(folder);
  assert.deepEqual(resultOf(folder), expected, what);
  return failure !== undefined;
}
