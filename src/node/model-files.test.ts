import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { dense } from '../layers/dense.js';
import { input } from '../layers/input-layer.js';
import { Model } from '../models/model.js';
import { loadModel, loadWeights, saveModel } from './model-files.js';

function newModel(): Model {
  const x = input({ shape: [2], name: 'x' });
  return new Model({ inputs: x, outputs: dense({ units: 3, name: 'd' })(x), name: 'm' });
}

test('the ending of its name decides the format of a file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'residuum-files-'));
  try {
    const model = newModel();
    model.layers[1].weights[0].write([1, 2, 3, 4, 5, 6]);
    const starts = { '.keras': 'PK', '.h5': '\x89HDF', '.weights.h5': '\x89HDF' };
    for (const [ending, start] of Object.entries(starts)) {
      const path = join(folder, `model${ending}`);
      await saveModel(model, path);
      assert.ok((await readFile(path, 'latin1')).startsWith(start));
      const loaded = await loadModel(path, { architecture: newModel });
      assert.deepEqual(await loaded.getWeights(), await model.getWeights());
      const other = newModel();
      await loadWeights(other, path);
      assert.deepEqual(await other.getWeights(), await model.getWeights());
    }
    await assert.rejects(loadModel(join(folder, 'model.weights.h5')), /holds weights only/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
