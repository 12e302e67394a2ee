import assert from 'node:assert/strict';
import { test } from 'node:test';
import { temporaryFolder } from '../e2e/cli/command.js';
import { trainUnderKills, trainWhole } from '../runs/chaos.js';

test('200 kills at random, 50 of them at least within a checkpoint: nothing is lost', async (t) => {
  const folder = temporaryFolder(t);
  const whole = await trainWhole('whole', folder);
  const lanes = [1, 2].map((seed) => trainUnderKills(folder, whole, { seed, kills: 100 }));
  const done = await Promise.all(lanes);
  const total = (of: 'count' | 'whileWriting' | 'runs') =>
    done.reduce((sum, one) => sum + one[of], 0);
  t.diagnostic(
    `${total('count')} kills over ${total('runs')} runs, ${total('whileWriting')} while a checkpoint was written`,
  );
  assert.equal(total('count'), 200);
  assert.ok(total('whileWriting') >= 50, `${total('whileWriting')} of 200 kills met a checkpoint`);
});
