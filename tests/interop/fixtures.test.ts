import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { decodeSafetensors } from 'residuum';
import { relativeError } from '../parity/relative-error.js';
import { pythonWithFrameworks, root } from './python-environment.js';

/** Float64 on another processor may round differently; ‖new − committed‖₂ / ‖committed‖₂. */
const TOLERANCE = 1e-9;

type Numbers = Float32Array | Float64Array;

async function tensorsOf(path: string): Promise<Map<string, Numbers>> {
  const { tensors, metadata } = decodeSafetensors(await readFile(path), { source: path });
  const zeros = new Set((JSON.parse(metadata.fixture) as { zeroGradient: string[] }).zeroGradient);
  const all = new Map<string, Numbers>();
  for (const [name, { data }] of tensors) {
    // What is zero but for rounding differs from machine to machine.
    if (!zeros.has(name.slice(name.indexOf('/') + 1))) all.set(name, data as Numbers);
  }
  return all;
}

test('the committed fixtures are what real Keras and PyTorch compute', async () => {
  const python = await pythonWithFrameworks();
  const folder = await mkdtemp(join(tmpdir(), 'residuum-fixtures-'));
  try {
    const script = `${root}tests/parity/make_fixtures.py`;
    await promisify(execFile)(python, [script, '--out', folder], { maxBuffer: 2 ** 26 });
    const committed = `${root}tests/parity/fixtures`;
    const files = (await readdir(committed)).filter((file) => file.endsWith('.safetensors'));
    assert.deepEqual(
      (await readdir(folder)).filter((file) => file.endsWith('.safetensors')).sort(),
      files.sort(),
    );
    for (const file of files) {
      const expected = await tensorsOf(join(committed, file));
      const actual = await tensorsOf(join(folder, file));
      assert.deepEqual([...actual.keys()].sort(), [...expected.keys()].sort(), file);
      for (const [name, values] of expected) {
        const error = relativeError(actual.get(name) as Numbers, values);
        assert.ok(error <= TOLERANCE, `${file}: ${name} differs by ${error}`);
      }
    }
    const layers = 'resnet50-layers.json';
    assert.equal(
      await readFile(join(folder, layers), 'utf8'),
      await readFile(join(committed, layers), 'utf8'),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
