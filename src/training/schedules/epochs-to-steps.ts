import { ValueError } from '../../core/errors.js';
import { isNamedOptions, type NamedOptions } from '../../core/named-options.js';
import { requireAtLeast } from './option-checks.js';

/**
 * Turns the lengths of a schedule's description from epochs into steps: `decayEpochs` becomes
 * `decaySteps`, `warmupEpochs` `warmupSteps`, `firstDecayEpochs`, `totalEpochs` and `epochs` likewise, and
 * `boundaryEpochs` the `boundaries` after so many whole epochs; also in the schedule inside a `warmUp`.
 * A number, or what is given in steps, stays as it is.
 * @param rate a learning rate in JSON, such as `{ name: 'cosineDecay', initialLearningRate: 0.1,
 * decayEpochs: 10 }`. @param stepsPerEpoch `Math.ceil(samples / batchSize)`.
 * @throws {ValueError} for a length given in both, or one that is no number ≥ 0.
 */
export function epochsToSteps<T extends number | NamedOptions>(rate: T, stepsPerEpoch: number): T {
  requireAtLeast(stepsPerEpoch, 1, 'stepsPerEpoch');
  return (isNamedOptions(rate) ? convert(rate, stepsPerEpoch) : rate) as T;
}

function convert(options: NamedOptions, stepsPerEpoch: number): NamedOptions {
  const { name } = options;
  const converted: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(options)) {
    const [option, steps] = convertOption(name, key, value, stepsPerEpoch);
    if (option !== key && option in options) {
      throw new ValueError(`${name} has both ${key} and ${option}; give one of them`);
    }
    converted[option] = steps;
  }
  return { ...converted, name };
}

function convertOption(
  name: string,
  key: string,
  value: unknown,
  stepsPerEpoch: number,
): [option: string, value: unknown] {
  const steps = (epochs: unknown) =>
    Math.round(requireAtLeast(epochs, 0, `${name}: ${key}`) * stepsPerEpoch);
  if (key === 'boundaryEpochs' && Array.isArray(value)) {
    // A boundary is the last iteration of the rate before it.
    return ['boundaries', value.map((epochs: unknown) => Math.max(steps(epochs) - 1, 0))];
  }
  if (key === 'epochs') return ['steps', steps(value)];
  if (key.endsWith('Epochs')) return [key.replace(/Epochs$/, 'Steps'), steps(value)];
  return [key, isNamedOptions(value) ? convert(value, stepsPerEpoch) : value];
}
