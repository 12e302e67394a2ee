import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { jsonLines, MINI_FOLDER, residuum, temporaryFolder } from './command.js';

const TRAIN = ['train', '--model', 'small-resnet', '--limit', '60', '--epochs', '1', '--json'];
const DATA = ['--data', MINI_FOLDER];

describe('reports of runs', () => {
  it('a run that is done has one; made anew it says the same, and figures agree with the test', async (t) => {
    const folder = temporaryFolder(t);
    const trained = await residuum([...TRAIN, ...DATA, '--out', 'run'], folder);
    assert.equal(trained.code, 0, trained.stderr);
    const end = jsonLines(trained.stdout).at(-1);
    assert.equal(end?.report, join('run', 'report.html'));
    const page = readFileSync(join(folder, 'run', 'report.html'), 'utf8');
    for (const heading of [
      'Training',
      'Confusion',
      'Classes',
      'Worst mistakes',
      'Calibration',
      'Filters and feature maps',
      'Network',
      'Settings',
    ]) {
      assert.ok(page.includes(`<h2>${heading}</h2>`), heading);
    }
    assert.ok(page.includes('residuum train --model small-resnet'));
    assert.ok(page.includes('aria-label="What was taken for what, of 60 test images.'));
    assert.ok(!/<script|(?:src|href)="(?!#|data:)/.test(page));
    assert.ok(!/NaN|Infinity|undefined/.test(page.replace(/data:[^"]+/g, '')));
    rmSync(join(folder, 'run', 'report.html'));
    const { code, stdout, stderr } = await residuum(['report', 'run', '--json'], folder);
    assert.equal(code, 0, stderr);
    const [report] = jsonLines(stdout);
    assert.equal(report.samples, 60);
    assert.ok(Math.abs(Number(report.accuracy) - Number(end?.testAccuracy)) < 1e-6);
    const counts = (report.confusion as number[][]).flat();
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      60,
    );
    assert.equal(readFileSync(join(folder, 'run', 'report.html'), 'utf8'), page);
  });

  it('a report that cannot be written never costs the run', async (t) => {
    const folder = temporaryFolder(t);
    const args = [...TRAIN, ...DATA, '--out', 'run', '--no-report'];
    const without = await residuum(args, folder);
    assert.equal(without.code, 0, without.stderr);
    assert.ok(!readdirSync(join(folder, 'run')).includes('report.html'));
    // A folder where the file belongs: the run goes on with one more epoch and is saved all the same.
    mkdirSync(join(folder, 'run', 'report.html'));
    const resumed = await residuum(['train', '--resume', 'run', '--epochs', '2', '--json'], folder);
    assert.equal(resumed.code, 0, resumed.stderr);
    const end = jsonLines(resumed.stdout).at(-1);
    assert.equal(end?.status, 'done');
    assert.match(String(end?.reportError), /could not be written/);
    const record = JSON.parse(readFileSync(join(folder, 'run', 'run.json'), 'utf8'));
    assert.equal(record.status, 'done');
  });

  it('answers bad input in one sentence', async (t) => {
    const folder = temporaryFolder(t);
    for (const args of [['report', 'missing'], ['report'], ['report', '.', '--limit', '0']]) {
      const { code, stdout, stderr } = await residuum(args, folder);
      assert.notEqual(code, 0);
      assert.equal(stdout, '');
      assert.equal(stderr.trim().split('\n').length, 1, stderr);
    }
  });
});
