import { affine } from '../../ops/affine.js';
import { add, maximum, minimum, multiply, subtract } from '../../ops/binary.js';
import { fill } from '../../ops/fill.js';
import type { Value } from '../../ops/ir.js';
import { abs, exp, log, negate, relu, sigmoid } from '../../ops/unary.js';
import type { Loss } from '../loss.js';
import { requireAtLeast, requireFlag } from '../schedules/option-checks.js';
import type { CrossentropyOptions } from './crossentropy.js';
import { power } from './power.js';
import { requireShare } from './require-share.js';
import { elementwiseLoss } from './sample-mean.js';

/** Keras's distance of probabilities from 0 and 1. */
const EPSILON = 1e-7;

/** Probabilities kept away from 0 and 1, as Keras does before it takes logarithms. */
export function clipped(p: Value): Value {
  const low = fill(p.graph, p.shape, EPSILON);
  const high = fill(p.graph, p.shape, 1 - EPSILON);
  return minimum(maximum(p, low), high);
}

/** −y log p − (1 − y) log(1 − p), elementwise. */
function ofProbabilities(p: Value, y: Value): Value {
  const kept = clipped(p);
  const positive = multiply(y, log(kept));
  return negate(add(positive, multiply(affine(y, -1, 1), log(affine(kept, -1, 1)))));
}

/** max(x, 0) − x y + log(1 + e^−|x|), elementwise: the same of logits, without overflow. */
function ofLogits(x: Value, y: Value): Value {
  return add(subtract(relu(x), multiply(x, y)), log(affine(exp(negate(abs(x))), 1, 1)));
}

function checked(name: string, { fromLogits = false, labelSmoothing = 0 }: CrossentropyOptions) {
  requireFlag(fromLogits, `${name}: fromLogits`);
  requireShare(labelSmoothing, `${name}: labelSmoothing`);
  const targets = (y: Value) =>
    labelSmoothing === 0 ? y : affine(y, 1 - labelSmoothing, labelSmoothing / 2);
  return { fromLogits, labelSmoothing, targets };
}

/**
 * Mean over a sample's values of −y log p − (1 − y) log(1 − p): each output is a class of its own, true or
 * not.
 * @throws {ValueError} for options out of range.
 */
export function binaryCrossentropy(options: CrossentropyOptions = {}): Loss {
  const { targets, ...config } = checked('binaryCrossentropy', options);
  return elementwiseLoss('binaryCrossentropy', config, (p, y) =>
    (config.fromLogits ? ofLogits : ofProbabilities)(p, targets(y)),
  );
}

/** Options of `binaryFocalCrossentropy`, with Keras's names and defaults. */
export interface BinaryFocalCrossentropyOptions extends CrossentropyOptions {
  /** Whether positive samples count `alpha` and the others 1 − `alpha`; default false. */
  applyClassBalancing?: boolean;
  /** Default 0.25. */
  alpha?: number;
  /** How much less sure predictions count; default 2. */
  gamma?: number;
}

/**
 * The binary cross-entropy with each value weighted by (1 − pₜ)^γ, pₜ being the probability of what is true
 * (Lin et al., 2017), as in Keras.
 * @throws {ValueError} for options out of range.
 */
export function binaryFocalCrossentropy(options: BinaryFocalCrossentropyOptions = {}): Loss {
  const name = 'binaryFocalCrossentropy';
  const { applyClassBalancing = false, alpha = 0.25, gamma = 2 } = options;
  requireFlag(applyClassBalancing, `${name}: applyClassBalancing`);
  requireAtLeast(alpha, 0, `${name}: alpha`);
  requireAtLeast(gamma, 0, `${name}: gamma`);
  const { targets, ...config } = checked(name, options);
  return elementwiseLoss(
    name,
    { ...config, applyClassBalancing, alpha, gamma },
    (given, labels) => {
      const y = targets(labels);
      const p = config.fromLogits ? sigmoid(given) : given;
      /** Of the true alternative: y a + (1 − y) b. */
      const ofTrue = (a: Value, b: Value) => add(multiply(y, a), multiply(affine(y, -1, 1), b));
      const wrong = affine(ofTrue(p, affine(p, -1, 1)), -1, 1);
      const loss = multiply(power(wrong, gamma), ofProbabilities(p, y));
      return applyClassBalancing ? multiply(affine(y, 2 * alpha - 1, 1 - alpha), loss) : loss;
    },
  );
}
