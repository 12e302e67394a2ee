import { kernelSpecs } from './kernel-spec.js';
import type { KernelCall } from './kernels.js';
import type { Plan } from './plan.js';

/**
 * Why these plans can't run together, one a replica; undefined when they can. Replicas have to meet in the
 * same calls, or they would wait for each other for ever; what each does alone between two meetings may
 * differ, for an array of one sample needs no repeating.
 */
export function twinProblem(plans: readonly Plan[], replicas: number): string | undefined {
  if (plans.length !== replicas) {
    return `${plans.length} plans came for ${replicas} replicas; pass one plan a replica.`;
  }
  const [first] = plans;
  const outline = outlineOf(first);
  for (const [replica, plan] of plans.entries()) {
    const { share, name } = plan;
    const placed = share.replica === replica && share.shares.length === replicas;
    if (!placed || outlineOf(plan) !== outline) {
      return (
        `plan ${replica}, '${name}', is not the plan of replica ${replica} of ${replicas} of the program ` +
        `'${first.name}'; compile one plan a replica from one graph and pass them in order.`
      );
    }
  }
  return undefined;
}

/** Whether all replicas make the same calls, so that figures of a call can be put side by side. */
export function makeSameCalls(plans: readonly Plan[]): boolean {
  const kernels = plans.map(({ calls }) => calls.map(({ kernel }) => kernel).join());
  return kernels.every((list) => list === kernels[0]);
}

/** Whether replicas meet in a call. */
export function isMeeting({ kernel }: KernelCall): boolean {
  return kernelSpecs[kernel].collective;
}

/** What replicas must have in common. */
function outlineOf({ calls, inputs, outputs, share: { shares } }: Plan): string {
  return JSON.stringify([
    calls.filter(isMeeting).map(({ kernel, source, phase, attributes, every, gates }) => {
      return [kernel, source, phase, attributes, every, gates];
    }),
    inputs.map(({ name, sampleShape }) => [name, sampleShape]),
    outputs.map(({ name, kind }) => [name, kind]),
    shares,
  ]);
}
