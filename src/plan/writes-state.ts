import type { BufferId } from './kernels.js';
import type { Plan } from './plan.js';

/** Whether a plan leaves the state other than it finds it; if not, its weights are constants. */
export function writesState({ calls, buffers }: Plan): boolean {
  return calls.some(({ writes }) =>
    Object.values<BufferId>(writes).some((buffer) => buffers[buffer].region === 'state'),
  );
}
