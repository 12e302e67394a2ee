import { UnknownNameError } from '../core/errors.js';
import type { Value } from '../ops/ir.js';
import { softmax } from '../ops/softmax.js';
import { relu, sigmoid, tanh } from '../ops/unary.js';

const functions = {
  linear: (x: Value) => x,
  relu,
  sigmoid,
  softmax,
  tanh,
} satisfies Record<string, (x: Value) => Value>;

/** Names of the activation functions; softmax runs over the last axis. */
export type ActivationName = keyof typeof functions;

/**
 * The activation that an option names; `linear` where none is given.
 * @throws {UnknownNameError} for an unknown name.
 */
export function resolveActivation(name: ActivationName | null | undefined): ActivationName {
  if (name === undefined || name === null) return 'linear';
  if (typeof name === 'string' && Object.hasOwn(functions, name)) return name;
  throw new UnknownNameError('activation', String(name), Object.keys(functions));
}

/** Applies the function to x, elementwise or over the last axis. */
export function applyActivation(name: ActivationName, x: Value): Value {
  return functions[name](x);
}
