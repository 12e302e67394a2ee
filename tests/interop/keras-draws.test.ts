import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { root } from './python-environment.js';
import { runPython } from './run-python.js';

test('the committed draws are those of the real Keras', async () => {
  const committed = await readFile(`${root}tests/parity/fixtures/keras-draws.json`, 'utf8');
  const drawn = await runPython(`${root}tests/parity/keras_draws.py`);
  assert.deepEqual(JSON.parse(drawn), JSON.parse(committed));
});
