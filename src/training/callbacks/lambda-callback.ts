import { ValueError } from '../../core/errors.js';
import { type Callback, callbackHooks } from '../callback.js';

/**
 * A callback of some hooks, as Keras's `LambdaCallback`: `lambdaCallback({ onEpochEnd(epoch, logs) {…} })`.
 * @throws {ValueError} for the name of no hook, or what is no function.
 */
export function lambdaCallback(hooks: Callback): Callback {
  const known: readonly string[] = callbackHooks;
  for (const [name, hook] of Object.entries(hooks)) {
    if (known.includes(name) && typeof hook === 'function') continue;
    throw new ValueError(
      `lambdaCallback takes functions by the names ${known.join(', ')}; got ${typeof hook} as '${name}'`,
    );
  }
  return { name: 'lambdaCallback', ...hooks };
}
