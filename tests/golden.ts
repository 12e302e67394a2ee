import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { figureSize } from '../src/node.js';

/** Golden files lie beside the sources of tests; seen from `dist/tests/`. */
const TESTS = fileURLToPath(new URL('../../tests', import.meta.url));
const isUpdate = process.env.RESIDUUM_UPDATE_DRAWINGS === '1';

/** Kinds of elements in order with their texts: what a drawing is made of, without places and colours. */
export function structure(svg: string): string {
  const parts = svg.matchAll(
    /<(rect|circle|path|polygon)\b|<text [^>]*>([^<]*)<|stroke-dasharray/g,
  );
  const counts = new Map<string, number>();
  const texts: string[] = [];
  for (const [whole, shape, text] of parts) {
    if (text !== undefined) texts.push(text);
    else counts.set(shape ?? whole, (counts.get(shape ?? whole) ?? 0) + 1);
  }
  const { width, height } = figureSize(svg);
  const counted = [...counts].sort().map(([name, count]) => `${name}: ${count}`);
  return [`${width > height ? 'wide' : 'tall'}`, ...counted, ...texts, ''].join('\n');
}

/** Compares with a golden file of `tests/`; with RESIDUUM_UPDATE_DRAWINGS=1 writes it anew. */
export function checkGolden(name: string, text: string): void {
  const path = join(TESTS, name);
  if (isUpdate) writeFileSync(path, text);
  assert.equal(text, readFileSync(path, 'utf8'));
}
