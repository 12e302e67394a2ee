import { UnknownNameError } from '../core/errors.js';
import * as updates from '../ops/optimizer-update.js';
import { makeOptimizer } from './make-optimizer.js';
import type { Optimizer } from './optimizer.js';
import { type OptimizerOptions, requireRange } from './optimizer-options.js';

/** Options of `adam`, `adamW` and `lamb`, with Keras's names and defaults. */
export interface AdamOptions extends OptimizerOptions {
  /** Decay of the mean of gradients; default 0.9. */
  beta1?: number;
  /** Decay of the mean of squared gradients; default 0.999. */
  beta2?: number;
  /** Added to the root of the second moment; default 1e-7. */
  epsilon?: number;
}

/** Options of `sgd`, with Keras's names and defaults. */
export interface SgdOptions extends OptimizerOptions {
  /** Share of the last step that is kept; default 0. */
  momentum?: number;
  /** Looks ahead along the momentum; default false. */
  nesterov?: boolean;
}

/** Options of `rmsprop`, with Keras's names and defaults. */
export interface RmspropOptions extends OptimizerOptions {
  /** Decay of the mean of squared gradients; default 0.9. */
  rho?: number;
  /** Share of the last step that is kept; default 0. */
  momentum?: number;
  /** Added to the second moment; default 1e-7. */
  epsilon?: number;
  /** Divides by the root of the variance instead of that of the mean square; default false. */
  centered?: boolean;
}

/** Options of `lion`, with Keras's names and defaults. */
export interface LionOptions extends OptimizerOptions {
  /** Share of the momentum in the direction of the step; default 0.9. */
  beta1?: number;
  /** Decay of the momentum; default 0.99. */
  beta2?: number;
}

/** Names of the built-in optimizers. */
export type OptimizerName = 'adam' | 'adamw' | 'sgd' | 'rmsprop' | 'lion' | 'lamb';

/** An optimizer by name, with its defaults, or as an object. */
export type OptimizerLike = OptimizerName | Optimizer;

function adamLike(
  name: 'adam' | 'adamw' | 'lamb',
  { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7, ...options }: AdamOptions,
  update: typeof updates.adam,
  weightDecay?: number,
): Optimizer {
  requireRange(beta1, 0, 1, `${name}: beta1`);
  requireRange(beta2, 0, 1, `${name}: beta2`);
  requireRange(epsilon, 0, Number.MAX_VALUE, `${name}: epsilon`);
  const config = { beta1, beta2, epsilon };
  return makeOptimizer(
    {
      name,
      slots: ['m', 'v'],
      config,
      defaults: { learningRate: 0.001, ...(weightDecay !== undefined && { weightDecay }) },
      emit({ w, g, slots: { m, v } }, rates) {
        const next = update({ w, g, m, v }, { ...config, rates });
        return { w: next.newW, slots: { m: next.newM, v: next.newV } };
      },
    },
    options,
  );
}

/**
 * Adam (Kingma and Ba, 2015) as Keras computes it; `learningRate` is 0.001 by default.
 * m += (g − m)(1 − β₁); v += (g² − v)(1 − β₂); w −= learningRate · √(1 − β₂ᵗ)/(1 − β₁ᵗ) · m / (√v + ε).
 * @throws {ValueError} for options that it does not have, or out of range.
 */
export function adam(options: AdamOptions = {}): Optimizer {
  return adamLike('adam', options, updates.adam);
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, 2019): before Adam's update
 * w −= learningRate · weightDecay · w. By default `learningRate` is 0.001 and `weightDecay` 0.004.
 * @throws {ValueError} for options that it does not have, or out of range.
 */
export function adamW(options: AdamOptions = {}): Optimizer {
  return adamLike('adamw', options, updates.adam, 0.004);
}

/**
 * LAMB (You et al., 2020) as Keras computes it: Adam's step, for each weight as long as the weight is:
 * u = m̂ / (√v̂ + ε); w −= learningRate · ‖w‖/‖u‖ · u, where a norm of 0 makes the ratio 1. For large batches.
 * `learningRate` is 0.001 by default; `weightDecay` is decoupled, before the norms are taken.
 * @throws {ValueError} for options that it does not have, or out of range.
 */
export function lamb(options: AdamOptions = {}): Optimizer {
  return adamLike('lamb', options, updates.lamb);
}

/**
 * Stochastic gradient descent, with momentum as Keras computes it; `learningRate` is 0.01 by default.
 * m = momentum · m − learningRate · g; w += m, or with Nesterov w += momentum · m − learningRate · g.
 * @throws {ValueError} for options that it does not have, or out of range.
 */
export function sgd({ momentum = 0, nesterov = false, ...options }: SgdOptions = {}): Optimizer {
  requireRange(momentum, 0, 1, 'sgd: momentum');
  const config = { momentum, nesterov };
  return makeOptimizer(
    {
      name: 'sgd',
      slots: momentum === 0 ? [] : ['m'],
      config,
      defaults: { learningRate: 0.01 },
      emit({ w, g, slots: { m } }, rates) {
        const { newW, newM } = updates.sgd({ w, g, m }, { ...config, rates });
        return { w: newW, slots: { ...(newM !== undefined && { m: newM }) } };
      },
    },
    options,
  );
}

/**
 * RMSprop (Tieleman and Hinton, 2012) as Keras computes it; `learningRate` is 0.001 by default.
 * v = ρ · v + (1 − ρ) · g²; step = learningRate · g / √(v + ε), centered (Graves, 2013) with v − a² for v
 * and a = ρ · a + (1 − ρ) · g; w −= step, or with momentum m = momentum · m + step and w −= m.
 * @throws {ValueError} for options that it does not have, or out of range.
 */
export function rmsprop(given: RmspropOptions = {}): Optimizer {
  const { rho = 0.9, momentum = 0, epsilon = 1e-7, centered = false, ...options } = given;
  requireRange(rho, 0, 1, 'rmsprop: rho');
  requireRange(momentum, 0, 1, 'rmsprop: momentum');
  requireRange(epsilon, 0, Number.MAX_VALUE, 'rmsprop: epsilon');
  const slots = ['v', ...(momentum === 0 ? [] : ['m']), ...(centered ? ['a'] : [])];
  return makeOptimizer(
    {
      name: 'rmsprop',
      slots,
      config: { rho, momentum, epsilon, centered },
      defaults: { learningRate: 0.001 },
      emit({ w, g, slots: { v, m, a } }, rates) {
        const operands = { w, g, v, m, a };
        const next = updates.rmsprop(operands, { rho, momentum, epsilon, rates });
        const { newW, newV, newM, newA } = next;
        const others = { ...(newM && { m: newM }), ...(newA && { a: newA }) };
        return { w: newW, slots: { v: newV, ...others } };
      },
    },
    options,
  );
}

/**
 * Lion (Chen et al., 2023) as Keras computes it; `learningRate` is 0.001 by default.
 * w −= learningRate · sign(β₁ · m + (1 − β₁) · g); m = β₂ · m + (1 − β₂) · g.
 * @throws {ValueError} for options that it does not have, or out of range.
 */
export function lion({ beta1 = 0.9, beta2 = 0.99, ...options }: LionOptions = {}): Optimizer {
  requireRange(beta1, 0, 1, 'lion: beta1');
  requireRange(beta2, 0, 1, 'lion: beta2');
  const config = { beta1, beta2 };
  return makeOptimizer(
    {
      name: 'lion',
      slots: ['m'],
      config,
      defaults: { learningRate: 0.001 },
      emit({ w, g, slots: { m } }, rates) {
        const { newW, newM } = updates.lion({ w, g, m }, { ...config, rates });
        return { w: newW, slots: { m: newM } };
      },
    },
    options,
  );
}

const factories: Record<OptimizerName, (options: Record<string, never>) => Optimizer> = {
  adam,
  adamw: adamW,
  sgd,
  rmsprop,
  lion,
  lamb,
};

/** Names that `resolveOptimizer` accepts. */
export const optimizerNames = Object.keys(factories) as readonly OptimizerName[];

/**
 * The optimizer that a user names.
 * @throws {UnknownNameError} for a name that is none. @throws {ValueError} for options that it does not
 * have, or out of range.
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
