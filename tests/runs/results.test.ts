import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../e2e/cli/command.js';
import { resultOf, trainTiny } from './tiny-run.js';

const SCRIPT = fileURLToPath(new URL('../../../scripts/results.mjs', import.meta.url));

test('results are made from logs, and a log that was touched is refused', async (t) => {
  const folder = temporaryFolder(t);
  const results = (...args: string[]) => {
    const { status, stderr } = spawnSync(process.execPath, [SCRIPT, '--in', folder, ...args]);
    return { status, stderr: stderr.toString() };
  };
  await trainTiny(join(folder, 'tiny-1'));
  assert.deepEqual(results('--add', join(folder, 'tiny-1'), '--note', 'seen by a test'), {
    status: 0,
    stderr: '',
  });
  const page = readFileSync(join(folder, 'RESULTS.md'), 'utf8');
  const { accuracy } = resultOf(join(folder, 'tiny-1')).test as { accuracy: number };
  assert.match(page, /^## tiny-fashion-mnist-mini$/m);
  assert.ok(page.includes(`| 3 | ${(100 * accuracy).toFixed(2)}% |`));
  assert.match(page, /^tiny-1: seen by a test$/m);
  assert.match(page, /^\| 2 \| [\d.]+% after \d+ s \|$/m);
  assert.match(
    readFileSync(join(folder, 'results/tiny-fashion-mnist-mini.svg'), 'utf8'),
    /^<\?xml/,
  );
  assert.equal(results('--check').status, 0);
  // A note about all runs of a recipe.
  writeFileSync(
    join(folder, 'results/tiny-fashion-mnist-mini.txt'),
    'Chosen after an earlier test.\n',
  );
  assert.match(results('--check').stderr, /RESULTS\.md is not what/);
  assert.equal(results().status, 0);
  const noted = readFileSync(join(folder, 'RESULTS.md'), 'utf8');
  assert.match(noted, /^Chosen after an earlier test\.$/m);

  // A peer of twice the time on this machine: ours takes half.
  const { machine, history } = JSON.parse(
    readFileSync(join(folder, 'results/tiny-1/run.json'), 'utf8'),
  ) as {
    machine: { processor: string; cores: number };
    history: { figures: { seconds: number } }[];
  };
  mkdirSync(join(folder, 'results/peers'));
  const peer = {
    recipe: 'tiny-fashion-mnist-mini',
    framework: 'Other 1.0',
    way: 'fast',
    ...machine,
    history: history.map(({ figures }) => ({ seconds: 2 * figures.seconds })),
    testAccuracy: 0.5,
  };
  writeFileSync(join(folder, 'results/peers/tiny-other.json'), JSON.stringify(peer));
  assert.match(results('--check').stderr, /RESULTS\.md is not what/);
  assert.equal(results().status, 0);
  assert.match(
    readFileSync(join(folder, 'RESULTS.md'), 'utf8'),
    /^\| \[Other 1\.0\].* \| 50\.00% \| .* \| 0\.50× \|/m,
  );

  writeFileSync(join(folder, 'RESULTS.md'), page.replace('Seed', 'Luck'));
  assert.match(results('--check').stderr, /RESULTS\.md is not what the logs in results\/ give/);
  const log = join(folder, 'results/tiny-1/log.jsonl');
  writeFileSync(
    log,
    readFileSync(log, 'utf8').replace(/"valAccuracy":[\d.]+/, '"valAccuracy":0.99'),
  );
  assert.match(
    results('--check').stderr,
    /log\.jsonl is not the log of results\/tiny-1\/run\.json/,
  );
});
