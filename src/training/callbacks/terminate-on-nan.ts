import type { Callback } from '../callback.js';

/**
 * Ends training quietly at a loss that is no finite number, as Keras's `TerminateOnNaN`; without it `fit`
 * fails with a `DivergenceError`. The weights are then those of the step that went wrong.
 */
export function terminateOnNaN(): Callback {
  return { name: 'terminateOnNaN', onDivergence: () => true };
}
