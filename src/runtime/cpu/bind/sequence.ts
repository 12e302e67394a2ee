import type { BoundCall } from '../bound-call.js';

/** One call that makes the given calls in order, waiting only for those that return a promise. */
export function sequence(calls: readonly BoundCall[]): BoundCall {
  return calls.length === 1 ? calls[0] : () => runFrom(calls, 0);
}

function runFrom(calls: readonly BoundCall[], first: number): void | Promise<void> {
  for (let i = first; i < calls.length; i++) {
    const pending = calls[i]();
    if (pending !== undefined) return pending.then(() => runFrom(calls, i + 1));
  }
}
