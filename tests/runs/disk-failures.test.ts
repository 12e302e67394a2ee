import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { residuum, temporaryFolder } from '../e2e/cli/command.js';
import { digestOf } from './chaos.js';
import { countDiskCalls, trainOnFailingDisk } from './disk-failures.js';
import { resultOf } from './tiny-run.js';

const MAIN = fileURLToPath(new URL('../../node/main.js', import.meta.url));

test('a disk that fails at a write costs an error in one sentence and nothing else', async (t) => {
  const folder = temporaryFolder(t);
  const calls = await countDiskCalls(join(folder, 'whole'));
  assert.ok(calls > 50, `${calls} calls`);
  const whole = resultOf(join(folder, 'whole'));
  // Here some of the calls; `npm run test:chaos` takes them all.
  let told = 0;
  for (let call = 5; call <= calls; call += 23) {
    const disk = { code: 'ENOSPC', call, lasting: true };
    if (await trainOnFailingDisk(join(folder, `full-${call}`), disk, whole)) told++;
  }
  assert.ok(told > 3, `${told} failures were told`);
});

/** Mounts a small disk where nobody else sees it, if the system lets us. */
const UNSHARE = ['-Urm', 'sh', '-c'];
const canMount =
  spawnSync('unshare', [...UNSHARE, 'mount -t tmpfs -o size=1m none /mnt']).status === 0;

test('a disk that is really full: the run stops in one sentence and goes on elsewhere', {
  skip: canMount ? false : 'unshare may not mount a small disk here',
}, async (t) => {
  const folder = temporaryFolder(t);
  const settings =
    '--model small-resnet --limit 60 --batch-size 10 --epochs 3 --replicas 1 --checkpoint-every 2 --no-report';
  // Two generations and a third checkpoint do not fit.
  const script = `mkdir disk && mount -t tmpfs -o size=2500k none disk && "${process.execPath}" "${MAIN}" train ${settings} --out disk/run; echo "code $?"; cp -r disk/run copy`;
  const { stdout, stderr } = spawnSync('unshare', [...UNSHARE, script], { cwd: folder });
  assert.match(stdout.toString(), /^code 1$/m);
  assert.match(
    stderr.toString(),
    /^residuum: cannot write disk\/run\/model\.safetensors: the disk is full\.\n$/,
  );
  const whole = await residuum(['train', ...settings.split(' '), '--out', 'whole'], folder);
  assert.equal(whole.code, 0, whole.stderr);
  const resumed = await residuum(['train', '--resume', 'copy', '--no-report'], folder);
  assert.equal(resumed.code, 0, resumed.stderr);
  assert.deepEqual(digestOf(join(folder, 'copy')), digestOf(join(folder, 'whole')));
});
