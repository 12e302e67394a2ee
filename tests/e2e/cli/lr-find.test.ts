import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { jsonLines, MINI_FOLDER, residuum, temporaryFolder } from './command.js';

const FIND = ['lr-find', 'small-resnet', '--data', MINI_FOLDER, '--limit', '48', '--steps', '6'];

describe('lr-find', () => {
  it('draws the loss over the rate and suggests one', async (t) => {
    const folder = temporaryFolder(t);
    const { code, stdout, stderr } = await residuum(
      [...FIND, '--json', '--batch-size', '8'],
      folder,
    );
    assert.equal(code, 0, stderr);
    const [found] = jsonLines(stdout);
    assert.equal((found.rates as number[]).length, 6);
    assert.equal(found.figure, 'learning-rates.svg');
    assert.match(readFileSync(join(folder, 'learning-rates.svg'), 'utf8'), /Learning rate/);
  });

  it('says what is wrong', async (t) => {
    const folder = temporaryFolder(t);
    const { code, stderr } = await residuum([...FIND, '--max-learning-rate', '1e-9'], folder);
    assert.notEqual(code, 0);
    assert.match(stderr, /maxLearningRate must be larger than minLearningRate/);
  });
});
