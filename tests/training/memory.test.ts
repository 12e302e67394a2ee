import assert from 'node:assert/strict';
import { test } from 'node:test';
import v8 from 'node:v8';
import vm from 'node:vm';
import type { Model } from '../../src/node.js';
import { denseModel, IMAGE, residualModel, samples } from './small-models.js';

/** What may grow between the first and the last third of a run, in bytes. */
const MOST = { heapUsed: 600e3, arrayBuffers: 200e3, rss: 12e6 };

v8.setFlagsFromString('--expose-gc');
const collectGarbage = vm.runInNewContext('gc') as () => void;

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

interface Run {
  model: Model;
  shape: readonly number[];
  epochs: number;
  gemm: 'wasm' | undefined;
}

/** Trains, and compares medians of the memory in use over the first and the last third of the epochs. */
async function checkFlat({ model, shape, epochs, gemm }: Run): Promise<void> {
  const snapshots: NodeJS.MemoryUsage[] = [];
  const onEpochEnd = (epoch: number): void => {
    if (epoch % Math.ceil(epochs / 30) !== 0) return;
    collectGarbage();
    snapshots.push(process.memoryUsage());
  };
  model.compile({ loss: 'categoricalCrossentropy', optimizer: 'adam', replicas: 2, gemm });
  const options = { batchSize: 16, epochs, verbose: false, callbacks: [{ onEpochEnd }] };
  await model.fit(...samples(160, shape), options);
  await model.dispose();
  const third = Math.floor(snapshots.length / 3);
  for (const [kind, limit] of Object.entries(MOST)) {
    const of = (list: NodeJS.MemoryUsage[]) =>
      list.map((usage) => usage[kind as keyof typeof MOST]);
    const early = median(of(snapshots.slice(0, third)));
    const late = median(of(snapshots.slice(-third)));
    assert.ok(late - early <= limit, `${kind} grew from ${early} to ${late} bytes`);
  }
}

for (const gemm of ['wasm', undefined] as const) {
  test(`memory stays flat over 12,000 small steps, ${gemm ?? 'default'} GEMM`, async () => {
    await checkFlat({ model: denseModel(), shape: [4], epochs: 1200, gemm });
  });

  test(`memory stays flat over 600 residual steps, ${gemm ?? 'default'} GEMM`, async () => {
    await checkFlat({ model: residualModel(), shape: IMAGE, epochs: 60, gemm });
  });
}
