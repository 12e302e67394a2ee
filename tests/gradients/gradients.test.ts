import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import * as ops from '../../src/ops/ops.js';
import { batchNormalizationRows } from './batch-normalization-rows.js';
import { checkGradients, TOLERANCE } from './check-gradients.js';
import { classificationRows } from './classification-rows.js';
import { elementwiseRows } from './elementwise-rows.js';
import { gateRows } from './gate-rows.js';
import type { GradientRow } from './gradient-row.js';
import { linearRows } from './linear-rows.js';
import { shapingRows } from './shaping-rows.js';

const rows: readonly GradientRow[] = [
  ...elementwiseRows,
  ...shapingRows,
  ...linearRows,
  ...classificationRows,
  ...batchNormalizationRows,
  ...gateRows,
];

const checked = new Set<string>();

describe(`gradients against central differences in float64, relative L2 within ${TOLERANCE}`, () => {
  for (const row of rows) {
    test(row.title, async () => {
      for (const name of await checkGradients(row)) checked.add(name);
    });
  }
});

test('every operation with a gradient took part', async () => {
  const folder = new URL('../../src/ops/', import.meta.url);
  const missing: string[] = [];
  for (const file of readdirSync(folder)) {
    if (!file.endsWith('.js') || file.endsWith('.test.js')) continue;
    const members: unknown[] = Object.values(await import(new URL(file, folder).href));
    for (const member of members) {
      if (typeof member !== 'object' || member === null) continue;
      if (!('gradient' in member) || !('name' in member)) continue;
      if (!checked.has(String(member.name))) missing.push(String(member.name));
    }
  }
  assert.deepEqual(missing, [], 'operations with a gradient, but without a row');
  assert.ok(checked.size > 20, 'the rows ran before this test');
});

test('every public operation has a row', () => {
  const covered = new Set(rows.flatMap((row) => row.ops));
  const missing = Object.keys(ops).filter((name) => !covered.has(name));
  assert.deepEqual(missing, []);
  const unknown = [...covered].filter((name) => !Object.hasOwn(ops, name));
  assert.deepEqual(unknown, [], 'rows for operations that do not exist');
});
