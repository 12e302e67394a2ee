import type { NamedCallback } from '../callback.js';

/**
 * Ends training quietly at a loss that is no finite number, as Keras's `TerminateOnNaN`; without it `fit`
 * fails with a `DivergenceError`. The weights are then those of the step that went wrong.
 */
export function terminateOnNaN(): NamedCallback {
  return { name: 'terminateOnNaN', onDivergence: () => true, getConfig: () => ({}) };
}
