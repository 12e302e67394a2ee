import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { glorotNormal, glorotUniform, heNormal, heUniform } from '../../src/node.js';

/** What an initializer of the real Keras drew: SHA-256 of the float32 numbers, and the first three. */
interface Draw {
  className: string;
  seed: number;
  shape: number[];
  sha256: string;
  first: number[];
}

const initializers: Record<string, typeof heNormal> = {
  GlorotUniform: glorotUniform,
  GlorotNormal: glorotNormal,
  HeUniform: heUniform,
  HeNormal: heNormal,
};

const path = new URL('../../../tests/parity/fixtures/keras-draws.json', import.meta.url);
const draws = JSON.parse(readFileSync(fileURLToPath(path), 'utf8')) as Draw[];

for (const [className, initializer] of Object.entries(initializers)) {
  test(`${className} draws what Keras draws for the same seed and shape, bit for bit`, () => {
    const own = draws.filter((draw) => draw.className === className);
    assert.equal(own.length, 30);
    for (const { seed, shape, sha256, first } of own) {
      const values = initializer({ seed }).initialize(shape, 'layer/kernel');
      const what = `seed ${seed}, shape [${shape}]`;
      assert.deepEqual([...values.slice(0, 3)], first, what);
      const bytes = new Uint8Array(values.buffer);
      assert.equal(createHash('sha256').update(bytes).digest('hex'), sha256, what);
    }
  });
}
