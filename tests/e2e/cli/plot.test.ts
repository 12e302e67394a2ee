import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { decode } from 'fast-png';
import { jsonLines, residuum, temporaryFolder } from './command.js';

describe('residuum plot', () => {
  it('writes svg, png, pdf, html and dot', async (t) => {
    const folder = temporaryFolder(t);
    const marks = {
      svg: '<?xml',
      png: '\x89PNG',
      pdf: '%PDF-',
      html: '<!doctype html>',
      dot: 'digraph',
    };
    for (const [ending, mark] of Object.entries(marks)) {
      const { code, stderr } = await residuum(
        ['plot', 'small-resnet', '-o', `m.${ending}`],
        folder,
      );
      assert.equal(code, 0, stderr);
      assert.ok(readFileSync(join(folder, `m.${ending}`), 'latin1').startsWith(mark));
    }
  });

  it('draws networks side by side and reports as JSON', async (t) => {
    const folder = temporaryFolder(t);
    const args = [
      'plot',
      '--compare',
      'plain-20',
      'resnet-20',
      '--input',
      '32x32x3',
      '--dpi',
      '96',
    ];
    const { code, stdout } = await residuum([...args, '-o', 'both.png', '--json'], folder);
    assert.equal(code, 0);
    const [report] = jsonLines(stdout);
    const { width, height } = decode(readFileSync(join(folder, 'both.png')));
    assert.deepEqual([report.width, report.height], [width, height]);
    const models = report.models as { layers: number; parameters: number }[];
    assert.deepEqual(
      models.map(({ parameters }) => parameters),
      [271098, 271098],
    );
  });

  it('answers bad input in one sentence and writes nothing', async (t) => {
    const folder = temporaryFolder(t);
    const wrong = [
      ['resnet5'],
      ['resnet50', '-o', 'x.gif'],
      ['resnet50', 'small-resnet'],
      ['--compare', 'resnet50', 'small-resnet', '-o', 'x.html'],
      ['missing/folder'],
      ['--input', '0x3x3'],
      ['--expand', '--fold'],
    ];
    const check = async (args: readonly string[], message: RegExp) => {
      const { code, stdout, stderr } = await residuum(['plot', ...args], folder);
      assert.notEqual(code, 0);
      assert.equal(stdout, '');
      assert.equal(stderr.trim().split('\n').length, 1, stderr);
      assert.match(stderr, message);
    };
    for (const args of wrong) await check(args, /./);
    // Options that would do nothing.
    await check(['-o', 'x.svg', '--dpi', '96'], /dpi is for \.png, and a \.svg file has no dots/);
    await check(['-o', 'x.html', '--theme', 'dark'], /theme is for \.svg, \.png and \.pdf; a page/);
    await check(['-o', 'x.dot', '--theme', 'dark'], /Graphviz chooses the colours/);
    await check(['-o', 'x.png', '--theme', 'auto'], /theme 'auto' is for \.svg/);
    await check(['-o', 'x.html', '--rankdir', 'LR'], /runs from top to bottom, got rankdir 'LR'/);
    assert.deepEqual(readdirSync(folder), []);
  });
});
