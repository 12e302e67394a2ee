import { UnknownNameError, ValueError } from '../core/errors.js';
import { adam as adamUpdate, sgd as sgdUpdate } from '../ops/optimizer-update.js';
import type { Optimizer, UpdateScope } from './optimizer.js';
import type { LearningRateLike } from './schedules/resolve-schedule.js';
import { withLearningRate } from './schedules/scheduled-rate.js';

/** Options of `adam`, with Keras's names and defaults. */
export interface AdamOptions {
  /** A number or a schedule; default 0.001. */
  learningRate?: LearningRateLike;
  /** Decay of the mean of gradients; default 0.9. */
  beta1?: number;
  /** Decay of the mean of squared gradients; default 0.999. */
  beta2?: number;
  /** Added to the root of the second moment; default 1e-7. */
  epsilon?: number;
}

/** Options of `sgd`, with Keras's names and defaults. */
export interface SgdOptions {
  /** A number or a schedule; default 0.01. */
  learningRate?: LearningRateLike;
  /** Share of the last step that is kept; default 0. */
  momentum?: number;
  /** Looks ahead along the momentum; default false. */
  nesterov?: boolean;
}

/** Names of the built-in optimizers. */
export type OptimizerName = 'adam' | 'sgd';

/** An optimizer by name, with its defaults, or as an object. */
export type OptimizerLike = OptimizerName | Optimizer;

function requireRange(value: number, low: number, high: number, what: string): number {
  if (Number.isFinite(value) && value >= low && value <= high) return value;
  const range =
    high === Number.MAX_VALUE ? `a finite number ≥ ${low}` : `between ${low} and ${high}`;
  throw new ValueError(`${what} must be ${range}, got ${value}`);
}

/**
 * Adam (Kingma and Ba, 2015) as Keras computes it.
 * @throws {ValueError} for options out of range.
 */
export function adam(options: AdamOptions = {}): Optimizer {
  const { learningRate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 } = options;
  requireRange(beta1, 0, 1, 'adam: beta1');
  requireRange(beta2, 0, 1, 'adam: beta2');
  requireRange(epsilon, 0, Number.MAX_VALUE, 'adam: epsilon');
  const optimizer = {
    name: 'adam',
    slots: ['m', 'v'],
    emit({ w, g, slots: { m, v }, shards }: UpdateScope) {
      const next = adamUpdate({ w, g, m, v }, { beta1, beta2, epsilon, shards });
      return { w: next.newW, slots: { m: next.newM, v: next.newV } };
    },
    getConfig: () => ({ beta1, beta2, epsilon }),
  };
  return withLearningRate(optimizer, learningRate);
}

/**
 * Stochastic gradient descent, with momentum as Keras computes it.
 * @throws {ValueError} for options out of range.
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  const { learningRate = 0.01, momentum = 0, nesterov = false } = options;
  requireRange(momentum, 0, 1, 'sgd: momentum');
  const optimizer = {
    name: 'sgd',
    slots: momentum === 0 ? [] : ['m'],
    emit({ w, g, slots, shards }: UpdateScope) {
      const { newW, newM } = sgdUpdate({ w, g, m: slots.m }, { momentum, nesterov, shards });
      return { w: newW, slots: { ...(newM !== undefined && { m: newM }) } };
    },
    getConfig: () => ({ momentum, nesterov }),
  };
  return withLearningRate(optimizer, learningRate);
}

const factories: Record<OptimizerName, (options: Record<string, never>) => Optimizer> = {
  adam,
  sgd,
};

/** Names that `resolveOptimizer` accepts. */
export const optimizerNames = Object.keys(factories) as readonly OptimizerName[];

/**
 * The optimizer that a user names.
 * @throws {UnknownNameError} for a name that is none. @throws {ValueError} for options out of range.
 */
export function resolveOptimizer(
  optimizer: OptimizerLike,
  config: Record<string, unknown> = {},
): Optimizer {
  if (typeof optimizer !== 'string') return optimizer;
  if (!Object.hasOwn(factories, optimizer)) {
    throw new UnknownNameError('optimizer', optimizer, Object.keys(factories));
  }
  return factories[optimizer](config as Record<string, never>);
}
