import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decodeSafetensors, type ExecutorOptions } from '../../src/node.js';
import { readFixture, values } from './fixture.js';
import { relativeError } from './relative-error.js';
import { runFixture } from './run-fixture.js';

/** ‖ours − truth‖₂ / ‖truth‖₂ over each tensor; the truth is Keras in float64. */
const TOLERANCE = 1e-4;
/** Gradients that are zero but for rounding have no relative error; this bounds them absolutely. */
const ZERO_TOLERANCE = 1e-6;

const executors: Record<string, ExecutorOptions> = {
  reference: { executor: 'reference' },
  'cpu, wasm, 1 replica': { gemm: 'wasm', replicas: 1 },
  'cpu, wasm, 2 replicas': { gemm: 'wasm', replicas: 2 },
  'cpu, default, 2 replicas': { replicas: 2 },
};

const folder = new URL('../../../tests/parity/fixtures/', import.meta.url);
const files = readdirSync(folder)
  .filter((file) => file.endsWith('.safetensors') && file !== 'resnet50.safetensors')
  .map((file) => file.replace('.safetensors', ''));
/** Other fixtures in the folder hold no run of a network: augmentations, optimizers. */
const names = files.filter(describesRun);

function describesRun(name: string): boolean {
  const bytes = readFileSync(new URL(`${name}.safetensors`, folder));
  const { metadata } = decodeSafetensors(bytes, { source: name });
  return 'fixture' in metadata && 'losses' in JSON.parse(metadata.fixture);
}

test('there are fixtures of small networks', () => assert.ok(names.length >= 8));

for (const name of names) {
  for (const [title, executor] of Object.entries(executors)) {
    test(`${name} is what Keras and PyTorch compute (${title})`, async () => {
      const fixture = await readFixture(name);
      const { description } = fixture;
      const run = await runFixture(
        fixture,
        (entry) => values(fixture, `weight/${entry}`),
        executor,
      );
      const close = (label: string, ours: ArrayLike<number>, truth: ArrayLike<number>) => {
        const error = relativeError(ours, truth);
        assert.ok(error <= TOLERANCE, `${label}: relative error ${error} > ${TOLERANCE}`);
      };
      close('losses', run.losses, description.losses);
      close('inference loss', [run.inferenceLoss], [description.inferenceLoss]);
      const zeros = new Set(description.zeroGradient.map((weight) => `gradient/${weight}`));
      let compared = 0;
      for (const group of ['inference/', 'gradient/', 'step3/']) {
        for (const tensor of fixture.tensors.keys()) {
          if (!tensor.startsWith(group)) continue;
          const ours = run.tensors.get(tensor);
          assert.ok(ours, `${tensor} is missing`);
          compared++;
          if (zeros.has(tensor)) {
            const largest = Math.max(...Array.from(ours, Math.abs));
            assert.ok(largest <= ZERO_TOLERANCE, `${tensor}: ${largest} instead of 0`);
          } else {
            close(tensor, ours, values(fixture, tensor));
          }
        }
      }
      assert.ok(compared > 10);
    });
  }
}
