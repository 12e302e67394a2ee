import assert from 'node:assert/strict';
import { test } from 'node:test';
import { temporaryFolder } from '../e2e/cli/command.js';
import { trainUnderKills, trainWhole } from './chaos.js';

test('processes that are killed at random, and resumed, end bit for bit as an uninterrupted run', async (t) => {
  const folder = temporaryFolder(t);
  const whole = await trainWhole('whole', folder);
  const kills = await trainUnderKills(folder, whole, { seed: 1, kills: 6 });
  assert.equal(kills.count, 6);
});
