import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../e2e/cli/command.js';
import { countDiskCalls, trainOnFailingDisk } from '../runs/disk-failures.js';
import { resultOf } from '../runs/tiny-run.js';

for (const [code, lasting] of [
  ['ENOSPC', true],
  ['EIO', false],
] as const) {
  test(`${code} at every write of a run: a typed error, and nothing is lost`, async (t) => {
    const folder = temporaryFolder(t);
    const calls = await countDiskCalls(join(folder, 'whole'));
    const whole = resultOf(join(folder, 'whole'));
    let told = 0;
    for (let call = 1; call <= calls; call++) {
      const disk = { code, call, lasting };
      if (await trainOnFailingDisk(join(folder, `${code}-${call}`), disk, whole)) told++;
    }
    t.diagnostic(`${told} of ${calls} failures were told`);
  });
}
