import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KernelCall } from '../plan/kernels.js';
import type { Plan } from '../plan/plan.js';
import type { PlanTimings } from '../runtime/executor.js';
import { formatPlanReport } from './format-plan-report.js';
import { formatStepProfile } from './format-step-profile.js';
import { reportPlan } from './plan-report.js';
import { profileStep } from './step-profile.js';

/** c = a · b with `rows` of a, then a sum over replicas in the memory of a, which is dead by then. */
function plan(replica: number, shares: number[]): Plan {
  const rows = shares[replica];
  const buffer = (id: number, name: string, shape: number[], offset: number) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return { id, name, shape, size, region: 'scratch' as const, offset };
  };
  const attributes = { m: rows, n: 3, k: 4, transposeA: false, transposeB: false };
  const calls: KernelCall[] = [
    {
      ...{ kernel: 'matmul', reads: { a: 0, b: 1 }, writes: { c: 2 }, attributes },
      ...{ source: 'dense', phase: 'forward' },
    },
    {
      ...{ kernel: 'allReduceSum', reads: { x: 1 }, writes: { y: 3 }, attributes: { size: 12 } },
      ...{ source: 'dense', phase: 'backward' },
    },
  ];
  return {
    version: 1,
    name: 'test',
    share: { replica, shares },
    stateSize: 0,
    scratchSize: 112,
    buffers: [
      buffer(0, 'a', [rows, 4], 0),
      buffer(1, 'b', [4, 3], 48),
      buffer(2, 'c', [rows, 3], 64),
      buffer(3, 'sum', [12], 0),
    ],
    inputs: [{ name: 'a', buffer: 0, sampleShape: [4] }],
    outputs: [],
    calls,
    fusions: [{ rule: 'matmul + nothing', layer: 'dense', absorbed: 'none', phase: 'forward' }],
  };
}

const PLANS = [plan(0, [10, 6]), plan(1, [10, 6])];

test('a plan report counts by what kernels declare, over all replicas', () => {
  const report = reportPlan(PLANS);
  assert.equal(report.flops, 2 * 16 * 3 * 4);
  assert.deepEqual(report.kernels, [
    { name: 'matmul', calls: 1, flops: 384, bytes: 4 * (16 * 4 + 2 * 12 + 16 * 3) },
    { name: 'allReduceSum', calls: 1, flops: 0, bytes: 4 * 2 * (12 + 12) },
  ]);
  assert.deepEqual(report.layers, [{ name: 'dense', calls: 2, flops: 384, bytes: 736 }]);
  const [a, b, , sum] = report.buffers;
  assert.deepEqual([a.firstCall, a.lastCall, a.sharesWith], [-1, 0, [3]]);
  assert.deepEqual([b.offset, b.bytes, b.sharesWith], [192, 48, []]);
  assert.deepEqual([sum.firstCall, sum.lastCall, sum.sharesWith], [1, 1, [0]]);
  assert.equal(report.memory.unsharedScratchBytes, 4 * (40 + 12 + 30 + 12));
  const text = formatPlanReport(report, { buffers: true });
  assert.match(text, /^test: 16 samples a step, shared out as 10 \+ 6; <0\.01 GFLOP in 2 calls$/m);
  assert.match(text, /^matmul \+ nothing, forward +1 +dense takes in none$/m);
  assert.match(text, /^sum +3 +scratch +0 +48 +\[12\] +1–1 +0$/m);
});

test('a profile sets waiting apart from work and shows which replica is slow', () => {
  const timings: PlanTimings = {
    runs: 3,
    milliseconds: 11,
    between: 2,
    replicas: [
      { total: 10, calls: Float64Array.of(8, 1), waiting: Float64Array.of(0, 0.5) },
      { total: 10, calls: Float64Array.of(4, 5), waiting: Float64Array.of(0, 4.5) },
    ],
  };
  const profile = profileStep(PLANS, timings);
  const [matmul, sum] = profile.kernels;
  assert.equal(matmul.milliseconds, 6);
  assert.equal(matmul.gflopsPerSecond, 384 / 6e6);
  assert.equal(matmul.share, 6 / 11);
  assert.equal(sum.milliseconds, 0.5);
  const [dense] = profile.layers;
  assert.deepEqual(dense.phases, { forward: 6, backward: 0.5, update: 0 });
  assert.deepEqual(profile.calls[1].byReplica, [0.5, 0.5]);
  assert.deepEqual(profile.replicas, [
    { replica: 0, samples: 10, computing: 8.5, waiting: 0.5, copying: 1 },
    { replica: 1, samples: 6, computing: 4.5, waiting: 4.5, copying: 1 },
  ]);
  assert.ok(Math.abs(profile.imbalance - (8.5 / 6.5 - 1)) < 1e-12);
  assert.equal(profile.overhead, 1);
  // Kernels, waiting and the rest are the whole step.
  const rows = profile.kernels.reduce((total, { milliseconds }) => total + milliseconds, 0);
  assert.equal(rows + 2.5 + 1 + profile.overhead, profile.milliseconds);
  const text = formatStepProfile(profile);
  assert.match(text, /^test: 11\.0 ms a step of 16, 1231 samples\/s \(mean of 3 steps\)/);
  assert.match(text, /^imbalance 30\.8 %; 1\.0 ms for orders and answers, 2\.0 ms from one step/m);
  assert.match(text, /^matmul +1 +6\.00 +54\.5 % /m);
  assert.match(text, /^waiting for other replicas +2\.50 +22\.7 %$/m);
});
