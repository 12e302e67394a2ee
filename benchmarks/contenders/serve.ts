import { createInterface } from 'node:readline';
import { median } from '../runner/statistics.js';
import type { TimedSteps } from '../workloads/timed-steps.js';

/** What is timed. */
export interface Workload {
  run: TimedSteps;
  /** What a step does, and the unit of a second's worth of it. */
  work: number;
  unit: string;
  versions: Readonly<Record<string, string>>;
  /** Called at the end, where something has to be closed. */
  close?: () => Promise<void>;
}

const WARM_STEPS = 2;

/**
 * Answers the bench's requests, as benchmarks/peers/serve.py does. With `steps` it reads nothing: two
 * steps warm up, so many are timed.
 */
export async function serve(workload: Workload, steps?: number): Promise<void> {
  const { run, work, unit, versions } = workload;
  const answer = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);
  if (steps !== undefined) {
    await run(WARM_STEPS);
    const seconds = await run(steps);
    answer({ rate: work / median(seconds), unit, seconds, versions });
  } else {
    answer({ ready: true, versions });
    for await (const line of createInterface(process.stdin)) {
      const request = JSON.parse(line) as { steps: number };
      answer({ seconds: await run(request.steps) });
    }
  }
  await workload.close?.();
  process.exit(0);
}

/** The number that a flag of a contender says. @throws Error when it is none. */
export function whole(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new Error(`--${name} must be a whole number from 1, got '${text}'`);
}
