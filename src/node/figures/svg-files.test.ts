import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { decode } from 'fast-png';
import { ValueError } from '../../core/errors.js';
import { label, svgDocument } from '../../figures/svg.js';
import { textWidth } from '../../figures/text.js';
import { saveFigure, svgToPdf, svgToPng } from './svg-files.js';

const SIZE = { width: 400, height: 40 };
const TEXT = 'Gradient ‖∂L/∂W‖ ≤ 10⁻⁴, 3×3 → Größe';

function textFigure(bold: boolean): string {
  return svgDocument(SIZE, {}, label(TEXT, 10, 20, { size: 16, bold }));
}

/** First and last column that has ink. */
function inkColumns(png: Uint8Array): [number, number] {
  const { width, height, data, channels } = decode(png);
  const columns = Array.from({ length: width }, (_, x) => x).filter((x) =>
    Array.from({ length: height }, (_, y) => data[(y * width + x) * channels]).some(
      (red) => red < 128,
    ),
  );
  return [columns[0], columns[columns.length - 1]];
}

describe('svgToPng', () => {
  it('draws text without fonts of the system, as wide as it is measured', async () => {
    for (const bold of [false, true]) {
      const [first, last] = inkColumns(await svgToPng(textFigure(bold), { dpi: 96 }));
      const wide = textWidth(TEXT, 16, bold);
      // Letters stand up to two pixels inside their advance.
      assert.ok(first >= 10 && first <= 13, `begins at ${first}`);
      assert.ok(Math.abs(last - (10 + wide)) < 3, `ends at ${last}, measured ${10 + wide}`);
    }
  });

  it('has the size that the dots an inch ask for', async () => {
    const { width, height } = decode(await svgToPng(textFigure(false), { dpi: 144 }));
    assert.deepEqual([width, height], [600, 60]);
    await assert.rejects(svgToPng(textFigure(false), { dpi: 1e6 }), ValueError);
    await assert.rejects(svgToPng('<svg/>'), ValueError);
  });
});

describe('svgToPdf', () => {
  it('gives a PDF of one page with the font inside', async () => {
    const text = Buffer.from(await svgToPdf(textFigure(false))).toString('latin1');
    assert.ok(text.startsWith('%PDF-1.'));
    assert.ok(text.trimEnd().endsWith('%%EOF'));
    assert.match(text, /\/MediaBox \[0 0 300 30\]/);
    assert.match(text, /\/FontFile2/);
    assert.equal(text.match(/\/Type \/Page\b/g)?.length, 1);
  });
});

describe('saveFigure', () => {
  it('writes what the ending says, and nothing for another one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'residuum-'));
    try {
      for (const name of ['a.svg', 'a.PNG', 'a.pdf']) {
        await saveFigure(textFigure(false), join(folder, name));
      }
      await assert.rejects(saveFigure(textFigure(false), join(folder, 'a.gif')), ValueError);
      assert.deepEqual((await readdir(folder)).sort(), ['a.PNG', 'a.pdf', 'a.svg']);
      const svg = await readFile(join(folder, 'a.svg'), 'utf8');
      assert.ok(svg.startsWith('<?xml') && !svg.includes('var('));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
