import { ValueError } from '../core/errors.js';
import type { Dataset } from '../data/dataset.js';
import type { Callback, TrainingControl } from '../training/callback.js';
import { requirePositive } from '../training/schedules/option-checks.js';
import { copyWeights, writeWeights } from '../training/weight-copies.js';
import type { Model } from './model.js';

/** Options of `findLearningRate`. */
export interface FindLearningRateOptions {
  /** Rate of the first step; default 1e-6. */
  minLearningRate?: number;
  /** Rate of the last step; default 1. */
  maxLearningRate?: number;
  /** Steps from the first rate to the last; default 100. */
  steps?: number;
  /** Samples in a step; default 32. */
  batchSize?: number;
  /** Order of the samples and dropout; default 0. */
  seed?: number;
  /** Share of the smoothed loss that each step keeps, 0 to 1; default 0.9. */
  smoothing?: number;
  /** The test ends early when the smoothed loss is so many times its lowest value; default 4. */
  stopFactor?: number;
  /** Hooks, such as one that shows how far it is. */
  callbacks?: readonly Callback[];
}

/** What a test of learning rates found; arrays have one value a step. */
export interface LearningRateTest {
  /** Rates, rising by the same factor from step to step. */
  readonly rates: readonly number[];
  /** Loss of each step's batch, before the step. */
  readonly losses: readonly number[];
  /** The same, smoothed. */
  readonly smoothed: readonly number[];
  /** Rate at which the smoothed loss falls fastest; undefined where it never falls. */
  readonly suggestion: number | undefined;
  /** Rate with the lowest smoothed loss. */
  readonly lowest: number;
  /** Whether the loss grew so much that the test ended before the last rate. */
  readonly diverged: boolean;
}

/**
 * Trains for some steps while the learning rate rises by the same factor from step to step, and looks where
 * the loss falls fastest (Smith, "Cyclical learning rates for training neural networks", 2017). Weights,
 * optimizer and learning rate are then what they were.
 * @throws {ValueError} for options out of range, or an optimizer whose rate follows a schedule.
 */
export async function findLearningRate(
  model: Model,
  data: Dataset,
  options: FindLearningRateOptions = {},
): Promise<LearningRateTest> {
  const { batchSize = 32, seed = 0, callbacks = [] } = options;
  const test = new RangeTest(options);
  const { optimizer } = model;
  if (optimizer.schedule !== undefined) {
    throw new ValueError(
      `the learning rate follows the schedule '${optimizer.schedule.name}'; compile the model with a number to try rates`,
    );
  }
  const before = optimizer.learningRate;
  const weights = await copyWeights(model.namedVariables);
  const { iterations, slots } = await model.optimizerState();
  const state = { iterations, slots: new Map([...slots].map(([k, v]) => [k, new Map(v)])) };
  const epochs = Math.ceil(test.steps / Math.ceil(data.size / batchSize));
  try {
    await model.fit(data, {
      epochs,
      batchSize,
      seed,
      verbose: false,
      callbacks: [test, ...callbacks],
    });
  } finally {
    writeWeights(model.namedVariables, weights);
    await model.setOptimizerState(state);
    optimizer.learningRate = before;
  }
  return test.result();
}

class RangeTest implements Callback {
  readonly steps: number;
  readonly #least: number;
  readonly #factor: number;
  readonly #smoothing: number;
  readonly #stopFactor: number;
  readonly #rates: number[] = [];
  readonly #losses: number[] = [];
  readonly #smoothed: number[] = [];
  #control: TrainingControl | undefined;
  #average = 0;
  #lowest = Number.POSITIVE_INFINITY;
  #sum = 0;
  #samples = 0;
  #diverged = false;

  constructor(options: FindLearningRateOptions) {
    const { minLearningRate = 1e-6, maxLearningRate = 1, steps = 100 } = options;
    const { smoothing = 0.9, stopFactor = 4 } = options;
    requirePositive(minLearningRate, 'minLearningRate');
    requirePositive(maxLearningRate, 'maxLearningRate');
    if (!(maxLearningRate > minLearningRate)) {
      throw new ValueError(
        `maxLearningRate must be larger than minLearningRate, got ${maxLearningRate} and ${minLearningRate}`,
      );
    }
    if (!Number.isInteger(steps) || steps < 3) {
      throw new ValueError(`steps must be an integer ≥ 3, got ${steps}`);
    }
    if (!(smoothing >= 0 && smoothing < 1)) {
      throw new ValueError(`smoothing must be a number from 0 to below 1, got ${smoothing}`);
    }
    if (!(stopFactor > 1)) throw new ValueError(`stopFactor must be above 1, got ${stopFactor}`);
    this.steps = steps;
    this.#least = minLearningRate;
    this.#factor = (maxLearningRate / minLearningRate) ** (1 / (steps - 1));
    this.#smoothing = smoothing;
    this.#stopFactor = stopFactor;
  }

  setModel(control: TrainingControl): void {
    this.#control = control;
  }

  onEpochBegin(): void {
    [this.#sum, this.#samples] = [0, 0];
  }

  onTrainBatchBegin(): void {
    if (this.#control === undefined) return;
    this.#control.optimizer.learningRate = this.#least * this.#factor ** this.#rates.length;
  }

  onTrainBatchEnd(_batch: number, { loss, samples }: Readonly<Record<string, number>>): void {
    if (this.#control === undefined) return;
    // The logs have the mean over the epoch so far.
    const own = (loss * samples - this.#sum) / (samples - this.#samples);
    [this.#sum, this.#samples] = [loss * samples, samples];
    this.#rates.push(this.#control.optimizer.learningRate);
    this.#losses.push(own);
    this.#average = this.#smoothing * this.#average + (1 - this.#smoothing) * own;
    // The average begins at zero, which is corrected for as Adam does.
    const smoothed = this.#average / (1 - this.#smoothing ** this.#losses.length);
    this.#smoothed.push(smoothed);
    this.#lowest = Math.min(this.#lowest, smoothed);
    this.#diverged = this.#lowest > 0 && smoothed > this.#stopFactor * this.#lowest;
    if (this.#diverged || this.#rates.length === this.steps) this.#control.stopTraining = true;
  }

  onDivergence(): boolean {
    this.#diverged = true;
    return true;
  }

  result(): LearningRateTest {
    const [rates, losses, smoothed] = [this.#rates, this.#losses, this.#smoothed];
    const bottom = smoothed.indexOf(this.#lowest);
    const slope = (i: number) => smoothed[i + 1] - smoothed[i - 1];
    let best: number | undefined;
    for (let i = 1; i < Math.min(bottom, smoothed.length - 1); i++) {
      if (slope(i) < (best === undefined ? 0 : slope(best))) best = i;
    }
    return {
      rates,
      losses,
      smoothed,
      suggestion: best === undefined ? undefined : rates[best],
      lowest: rates[bottom] ?? this.#least,
      diverged: this.#diverged,
    };
  }
}
