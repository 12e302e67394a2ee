import { ExecutorError } from '../../core/errors.js';
import { sizeOf } from '../../core/shape.js';
import { twinProblem } from '../../plan/check-twins.js';
import type { Plan } from '../../plan/plan.js';
import { validatePlan } from '../../plan/validate-plan.js';
import type { RunResults } from '../executor.js';
import type { SharedInput, SharedOutput } from './messages.js';

/** The shared memory through which the inputs and outputs of a set of plans pass. */
export interface ReplicaArrays {
  /** Whole batches for the caller to fill: per set an array per input. */
  staging: readonly [Float32Array[], Float32Array[]];
  /** Each replica's parts. */
  replicas: { inputs: SharedInput[]; outputs: SharedOutput[] }[];
  /** What the caller gets of the last run. */
  collect(): RunResults;
}

/**
 * Lays out shared arrays for plans, one a replica.
 * @throws PlanError for a plan that is not well formed.
 * @throws ExecutorError when the plans do not fit the executor or each other.
 */
export function shareArrays(plans: readonly Plan[], replicas: number): ReplicaArrays {
  checkPlans(plans, replicas);
  const parts: ReplicaArrays['replicas'] = plans.map(() => ({ inputs: [], outputs: [] }));
  const staging: [Float32Array[], Float32Array[]] = [[], []];
  const collectors: ((results: RunResults) => void)[] = [];

  plans[0].inputs.forEach(({ sampleShape }) => {
    const sample = sizeOf(sampleShape);
    const counts = plans[0].share.shares.map((rows) => rows * sample);
    const { data, firsts } = shareConcatenation(counts);
    const sets = [data, sharedFloats(data.byteLength / 4)] as const;
    for (const set of [0, 1] as const) staging[set].push(new Float32Array(sets[set]));
    parts.forEach(({ inputs }, r) => {
      inputs.push({ sets, first: firsts[r], count: counts[r] });
    });
  });

  plans[0].outputs.forEach(({ name, kind }, i) => {
    const sizes = plans.map((plan) => plan.buffers[plan.outputs[i].buffer].size);
    const counts = {
      scalar: () => sizes.map(() => 1),
      batch: () => sizes,
      replicated: () => sizes.map((size, r) => (r === 0 ? size : 0)),
    }[kind]();
    const { data, firsts } = shareConcatenation(counts);
    parts.forEach(({ outputs }, r) => {
      outputs.push({ data, first: firsts[r], count: counts[r] });
    });
    const elements = new Float32Array(data);
    collectors.push((results) => {
      results[name] = kind === 'scalar' ? sumOf(elements) : elements;
    });
  });

  return {
    staging,
    replicas: parts,
    collect: () => {
      const results: RunResults = {};
      for (const collector of collectors) collector(results);
      return results;
    },
  };
}

function shareConcatenation(counts: readonly number[]) {
  let total = 0;
  const firsts = counts.map((count) => {
    const first = total;
    total += count;
    return first;
  });
  return { data: sharedFloats(total), firsts };
}

/** @throws ExecutorError for more than the engine or the machine has. */
function sharedFloats(count: number): SharedArrayBuffer {
  try {
    const data = new SharedArrayBuffer(4 * count);
    // Engines make buffers longer than any array over them.
    return new Float32Array(data).buffer;
  } catch {
    const mebibytes = Math.ceil((4 * count) / 2 ** 20);
    throw new ExecutorError(
      `the samples or results of a batch need an array of ${mebibytes} MiB, which there is not; use a smaller batch size.`,
    );
  }
}

function sumOf(numbers: Float32Array): Float64Array {
  let sum = 0;
  for (const number of numbers) sum += number;
  return Float64Array.of(sum);
}

function checkPlans(plans: readonly Plan[], replicas: number): void {
  for (const plan of plans) validatePlan(plan);
  const problem = twinProblem(plans, replicas);
  if (problem !== undefined) throw new ExecutorError(problem);
}
