import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { decodeSafetensors } from '../../src/node.js';
import { relativeError } from '../parity/relative-error.js';
import { pythonWithFrameworks, root } from './python-environment.js';

/** Another processor may round differently; ‖new − committed‖₂ / ‖committed‖₂ in float64 and float32. */
const TOLERANCE = { float64: 1e-9, float32: 1e-6 };
/** Digits of the numbers in JSON that another processor gives alike. */
const DIGITS = 6;

/** Scripts that write safetensors files, and their arguments. */
const WRITERS = [
  ['make_fixtures.py', '--out'],
  ['optimizers.py', '--out'],
  ['augmentations.py'],
  ['cifar_resnet20.py'],
] as const;
/** Scripts that print JSON, and the files that hold it. */
const PRINTERS = [
  [['schedules.py', 'keras'], 'schedules-keras.json'],
  [['schedules.py', 'torch'], 'schedules-torch.json'],
  [['callbacks.py'], 'callbacks-keras.json'],
] as const;

const committed = `${root}tests/parity/fixtures`;

async function runScript([script, ...args]: readonly string[]): Promise<string> {
  const python = await pythonWithFrameworks();
  const path = `${root}tests/parity/${script}`;
  return (await promisify(execFile)(python, [path, ...args], { maxBuffer: 2 ** 26 })).stdout;
}

const withoutLastDigits = (json: string): unknown =>
  JSON.parse(json, (_, value: unknown) =>
    typeof value === 'number' ? Number(value.toPrecision(DIGITS)) : value,
  );

type Numbers = Float32Array | Float64Array;

async function tensorsOf(path: string): Promise<Map<string, Numbers>> {
  const { tensors, metadata } = decodeSafetensors(await readFile(path), { source: path });
  const { zeroGradient } = JSON.parse(metadata.fixture ?? '{}') as { zeroGradient?: string[] };
  const zeros = new Set(zeroGradient ?? []);
  const all = new Map<string, Numbers>();
  for (const [name, { data }] of tensors) {
    // What is zero but for rounding differs from machine to machine.
    if (!zeros.has(name.slice(name.indexOf('/') + 1))) all.set(name, data as Numbers);
  }
  return all;
}

test('the committed fixtures are what real Keras and PyTorch compute', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'residuum-fixtures-'));
  try {
    for (const [script, ...options] of WRITERS) await runScript([script, ...options, folder]);
    const listed = async (path: string) =>
      (await readdir(path)).filter((file) => file.endsWith('.safetensors')).sort();
    const files = await listed(committed);
    assert.deepEqual(await listed(folder), files);
    for (const file of files) {
      const expected = await tensorsOf(join(committed, file));
      const actual = await tensorsOf(join(folder, file));
      assert.deepEqual([...actual.keys()].sort(), [...expected.keys()].sort(), file);
      for (const [name, values] of expected) {
        const error = relativeError(actual.get(name) as Numbers, values);
        const most = values instanceof Float64Array ? TOLERANCE.float64 : TOLERANCE.float32;
        assert.ok(error <= most, `${file}: ${name} differs by ${error}`);
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

for (const [command, file] of PRINTERS) {
  test(`${file} is what ${command[0]} prints`, async () => {
    const expected = await readFile(join(committed, file), 'utf8');
    assert.deepEqual(withoutLastDigits(await runScript(command)), withoutLastDigits(expected));
  });
}
