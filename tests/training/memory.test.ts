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

type Usage = Record<keyof typeof MOST, number>;

/** Trains, and gives the medians of the memory in use over the first and the last third of the epochs. */
async function train({ model, shape, epochs }: Run): Promise<{ early: Usage; late: Usage }> {
  const snapshots: NodeJS.MemoryUsage[] = [];
  const onEpochEnd = (epoch: number): void => {
    if (epoch % Math.ceil(epochs / 30) !== 0) return;
    collectGarbage();
    snapshots.push(process.memoryUsage());
  };
  const options = { batchSize: 16, epochs, verbose: false, callbacks: [{ onEpochEnd }] };
  await model.fit(...samples(160, shape), options);
  const third = Math.floor(snapshots.length / 3);
  const medians = (list: NodeJS.MemoryUsage[]): Usage => ({
    heapUsed: median(list.map(({ heapUsed }) => heapUsed)),
    arrayBuffers: median(list.map(({ arrayBuffers }) => arrayBuffers)),
    rss: median(list.map(({ rss }) => rss)),
  });
  return { early: medians(snapshots.slice(0, third)), late: medians(snapshots.slice(-third)) };
}

function checkGrowth(kind: keyof typeof MOST, early: Usage, late: Usage): void {
  const grew = `${kind} grew from ${early[kind]} to ${late[kind]} bytes`;
  assert.ok(late[kind] - early[kind] <= MOST[kind], grew);
}

/**
 * The engine takes some 12 MB from the system once, at some time within the first 20,000 steps, and holds
 * them. So resident memory is compared with that of as many steps before: what leaks grows again.
 */
async function checkFlat(run: Run): Promise<void> {
  run.model.compile({
    loss: 'categoricalCrossentropy',
    optimizer: 'adam',
    replicas: 2,
    gemm: run.gemm,
  });
  const first = await train(run);
  const second = await train(run);
  await run.model.dispose();
  for (const { early, late } of [first, second]) {
    checkGrowth('heapUsed', early, late);
    checkGrowth('arrayBuffers', early, late);
  }
  const [before, after] = [first, second].map(({ early, late }) => late.rss - early.rss);
  const steps = `rss grew by ${before} bytes, then by ${after}`;
  assert.ok(Math.min(before, after) <= MOST.rss && after + before <= 2 * MOST.rss, steps);
}

for (const gemm of ['wasm', undefined] as const) {
  test(`memory stays flat over 12,000 small steps, ${gemm ?? 'default'} GEMM`, async () => {
    await checkFlat({ model: denseModel(), shape: [4], epochs: 1200, gemm });
  });

  test(`memory stays flat over 600 residual steps, ${gemm ?? 'default'} GEMM`, async () => {
    await checkFlat({ model: residualModel(), shape: IMAGE, epochs: 60, gemm });
  });
}
