import assert from 'node:assert/strict';
import { test } from 'node:test';
import v8 from 'node:v8';
import vm from 'node:vm';
import type { Model } from '../../src/node.js';
import { denseModel, IMAGE, residualModel, samples } from './small-models.js';

/** What may grow between the first and the last third of a run, in bytes. */
const MOST = { heapUsed: 600e3, arrayBuffers: 200e3, rss: 4e6 };

/** Rounds of training that may pass before the engine has what it takes from the system and keeps. */
const MOST_ROUNDS = 4;

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
 * The engine takes some 25 MB from the system, at some time within the first 24,000 steps, and holds them:
 * which round they fall in differs from machine to machine. So resident memory has to stay flat in one of
 * a few rounds: what leaks grows in each.
 */
async function checkFlat(run: Run): Promise<void> {
  run.model.compile({
    loss: 'categoricalCrossentropy',
    optimizer: 'adam',
    replicas: 2,
    gemm: run.gemm,
  });
  const grown: number[] = [];
  do {
    const { early, late } = await train(run);
    checkGrowth('heapUsed', early, late);
    checkGrowth('arrayBuffers', early, late);
    grown.push(late.rss - early.rss);
  } while ((grown.at(-1) ?? 0) > MOST.rss && grown.length < MOST_ROUNDS);
  await run.model.dispose();
  assert.ok(Math.min(...grown) <= MOST.rss, `rss grew by ${grown.join(', then by ')} bytes`);
}

for (const gemm of ['wasm', undefined] as const) {
  test(`memory stays flat over 12,000 small steps, ${gemm ?? 'default'} GEMM`, async () => {
    await checkFlat({ model: denseModel(), shape: [4], epochs: 1200, gemm });
  });

  test(`memory stays flat over 600 residual steps, ${gemm ?? 'default'} GEMM`, async () => {
    await checkFlat({ model: residualModel(), shape: IMAGE, epochs: 60, gemm });
  });
}
