import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { KernelName } from '../../src/plan/kernels.js';
import type { Executor, RunResults } from '../../src/runtime/executor.js';
import { createReferenceExecutor } from '../../src/runtime/reference/reference-executor.js';
import { assertClose } from './compare-results.js';
import { buildCase, type RunnableCase } from './kernel-case.js';
import { kernelCases } from './kernel-cases.js';
import { programs } from './programs.js';

/** Largest relative L2 distance between an executor's result and the float64 reference's. */
export const TOLERANCE = 1e-5;

/** Makes an executor of so many replicas. */
export type MakeExecutor = (replicas: number) => Promise<Executor>;

/** Options of `describeConformance`. */
export interface ConformanceOptions {
  /** Largest relative L2 distance. */
  tolerance?: number;
  /** Why this executor cannot be tested here. */
  skip?: string;
}

/** Runs a case once on an executor and copies the results. */
async function runCase(executor: Executor, runnable: RunnableCase): Promise<RunResults> {
  await executor.allocateState(runnable.layout);
  await executor.writeState(runnable.state);
  const prepared = await executor.prepare(runnable.plans);
  runnable.inputs.forEach((values, place) => {
    prepared.inputs[0][place].set(values);
  });
  const results = await executor.run(prepared, 0, runnable.parameters);
  return Object.fromEntries(
    Object.entries(results).map(([name, values]): [string, Float32Array | Float64Array] => [
      name,
      values.slice(),
    ]),
  );
}

/**
 * Holds an executor to the float64 reference: every kernel in every case, and programs of several
 * calls. Relative L2 distances must stay within the tolerance; copies, counts and sums of whole
 * numbers must be equal.
 */
export function describeConformance(
  name: string,
  makeExecutor: MakeExecutor,
  { tolerance = TOLERANCE, skip }: ConformanceOptions = {},
): void {
  describe(`${name}: conformance`, { skip }, () => {
    const executors = new Map<number, Promise<Executor>>();
    const executorOf = (replicas: number) => {
      const known = executors.get(replicas);
      if (known !== undefined) return known;
      const made = makeExecutor(replicas);
      executors.set(replicas, made);
      return made;
    };
    after(async () => {
      for (const executor of executors.values()) await (await executor).dispose();
    });

    for (const kernel of Object.keys(kernelCases) as KernelName[]) {
      test(kernel, async (t) => {
        assert.ok(kernelCases[kernel].length > 0, 'a kernel without cases');
        for (const spec of kernelCases[kernel]) {
          const replicas = spec.shares?.length ?? 1;
          await t.test(`${spec.title}, replicas ${replicas}`, async () => {
            const runnable = buildCase(kernel, spec);
            const reference = createReferenceExecutor({ precision: 'float64', replicas });
            const expected = await runCase(reference, runnable);
            const actual = await runCase(await executorOf(replicas), runnable);
            for (const label of Object.keys(expected)) {
              const compare = spec.compare ?? 'relative';
              assertClose(actual[label], expected[label], { compare, tolerance, label });
            }
          });
        }
      });
    }

    for (const { title, replicas, run } of programs) {
      test(`${title}, replicas ${replicas}`, async () => {
        await run(await executorOf(replicas), tolerance);
      });
    }
  });
}
