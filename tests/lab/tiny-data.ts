import assert from 'node:assert/strict';
import { escapeXml } from '../../src/figures/text.js';
import type { LabData, LabFigure } from '../../src/node/lab.js';
import { ArrayDataset } from '../../src/node.js';
import { randomOf } from '../conformance/test-data.js';

/** Images of bright squares whose place is their class: real enough to be learnt in a few steps. */
export function tinyData(train = 40, test = 20, side = 8, classes = 10): LabData {
  const part = (count: number, key: string) => {
    const random = randomOf(key);
    const data = new Float32Array(count * side * side);
    const labels = Uint8Array.from({ length: count }, (_, i) => i % 10);
    labels.forEach((label, image) => {
      const [top, left] = [Math.floor(label / 4) * 2, (label % 4) * 2];
      for (let at = 0; at < side * side; at++) {
        const [row, column] = [Math.floor(at / side), at % side];
        const inside = row >= top && row < top + 2 && column >= left && column < left + 2;
        data[image * side * side + at] = (inside ? 1 : 0) + 0.1 * random.normal();
      }
    });
    return new ArrayDataset({
      inputs: { data, shape: [count, side, side, 1] },
      targets: { data: labels, shape: [count], oneHot: classes },
    });
  };
  return {
    train: part(train, 'lab train'),
    test: part(test, 'lab test'),
    info: { name: 'squares', title: 'squares' },
  };
}

/** Settings that take a second. */
export const TINY = {
  depth: 8,
  width: 4,
  images: 40,
  testImages: 20,
  shrink: 1,
  epochs: 2,
  batchSize: 20,
};

/** Every figure draws numbers only, and says its caption to readers who do not see it. */
export function checkFigures(figures: readonly LabFigure[]): void {
  assert.ok(figures.length > 0);
  for (const { name, svg, caption } of figures) {
    assert.ok(!/NaN|Infinity|undefined/.test(svg), name);
    assert.ok(caption !== '' && svg.includes(`aria-label="${escapeXml(caption)}"`), name);
  }
}
