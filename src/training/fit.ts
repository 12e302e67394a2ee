import { DivergenceError, ValueError } from '../core/errors.js';
import { Random } from '../core/random.js';
import type { Dataset } from '../data/dataset.js';
import type { RunResults } from '../runtime/executor.js';
import { BatchRunner } from './batch-runner.js';
import type { CallbackList, Logs, RunPlan, TrainingControl, TrainingPosition } from './callback.js';
import type { EpochPosition } from './epoch-position.js';
import type { SampleWeights } from './sample-weights.js';
import type { Trainer } from './trainer.js';

/** A training run: what, for how long, and from where. */
export interface FitRun {
  trainer: Trainer;
  control: TrainingControl;
  callbacks: CallbackList;
  dataset: Dataset;
  validation: Dataset | undefined;
  /** Whether validation sees the moving averages of the weights. */
  validatesEma: boolean;
  /** What the samples of either count in the loss; undefined where all count the same. */
  weights: SampleWeights | undefined;
  validationSampleWeights: SampleWeights | undefined;
  epochs: number;
  initialEpoch: number;
  /** Where to begin within the first epoch. */
  position: EpochPosition | undefined;
  batchSize: number;
  shuffle: boolean;
  seed: number;
  now: () => number;
}

/** Running means of figures over samples. */
class Means {
  samples = 0;
  readonly sums: Record<string, number> = {};

  add(results: RunResults, count: number): void {
    this.samples += count;
    for (const [name, [value]] of Object.entries(results)) {
      // Arrays are of figures that are no means.
      if (name.includes(':')) continue;
      this.sums[name] = (this.sums[name] ?? 0) + value * count;
    }
  }

  means(): Record<string, number> {
    const entries = Object.entries(this.sums).map(([name, sum]) => [name, sum / this.samples]);
    return Object.fromEntries(entries);
  }
}

/**
 * Trains until the epochs are over or the control says stop. The order of the samples of an epoch
 * follows from the seed and the number of the epoch alone.
 * @returns where the run stopped within an epoch, or undefined when it ended with one.
 * @throws {DivergenceError} when the loss is not a finite number, unless a callback ends training there.
 */
export async function runFit(run: FitRun): Promise<EpochPosition | undefined> {
  const { trainer, control, callbacks, dataset, batchSize, epochs, initialEpoch } = run;
  trainer.seed = run.seed;
  const steps = Math.ceil(dataset.size / batchSize);
  const beginning = { batch: 0, samples: 0, sums: {} };
  let place: TrainingPosition = { epoch: initialEpoch, ...(run.position ?? beginning) };
  const position = () => ({ ...place, sums: { ...place.sums } });
  const plan: RunPlan = { epochs, initialEpoch, samples: dataset.size, steps, batchSize, position };
  const runner = new BatchRunner(trainer, 'train', dataset, batchSize, run.weights);
  control.stopTraining = false;
  callbacks.setModel(control, plan);
  await callbacks.run('onTrainBegin', {});
  let logs: Logs = {};
  let stopped: EpochPosition | undefined;
  for (let epoch = initialEpoch; epoch < epochs && !control.stopTraining; epoch++) {
    await callbacks.numbered('onEpochBegin', epoch, {});
    const means = new Means();
    const from = epoch === initialEpoch ? run.position : undefined;
    if (from !== undefined) {
      means.samples = from.samples;
      Object.assign(means.sums, from.sums);
    }
    const order = epochOrder(dataset.size, run.shuffle ? run.seed : undefined, epoch);
    const started = run.now();
    let batchesDone = from?.batch ?? 0;
    let timed = 0;
    await runner.run(
      order,
      batchesDone,
      (batch) => {
        trainer.followSchedule();
        return callbacks.numbered('onTrainBatchBegin', batch, {});
      },
      async (batch, results, count) => {
        if (!Number.isFinite(results.loss[0])) {
          if (!callbacks.endsAt(results.loss[0])) throw divergence(results.loss[0], epoch, batch);
          control.stopTraining = true;
          return false;
        }
        means.add(results, count);
        batchesDone = batch + 1;
        place = { epoch, batch: batchesDone, samples: means.samples, sums: means.sums };
        timed += count;
        const seconds = Math.max(run.now() - started, 1) / 1000;
        const rates = { samples: means.samples, imagesPerSecond: timed / seconds };
        logs = { ...means.means(), ...rates };
        await callbacks.numbered('onTrainBatchEnd', batch, logs);
        return !control.stopTraining;
      },
      { seed: run.seed, epoch },
    );
    if (batchesDone < steps) {
      stopped = { batch: batchesDone, samples: means.samples, sums: { ...means.sums } };
      break;
    }
    const seconds = (run.now() - started) / 1000;
    logs = { ...means.means(), ...(await validate(run)), seconds };
    place = { epoch: epoch + 1, ...beginning };
    await callbacks.numbered('onEpochEnd', epoch, logs);
  }
  await callbacks.run('onTrainEnd', logs);
  return stopped;
}

/** Samples in the order of an epoch: shuffled by (seed, epoch), or as they are without a seed. */
export function epochOrder(size: number, seed: number | undefined, epoch: number): Uint32Array {
  if (seed === undefined) return Uint32Array.from({ length: size }, (_, i) => i);
  return new Random(seed, [SHUFFLE_STREAM, epoch]).permutation(size);
}

const SHUFFLE_STREAM = 0x73687566;

async function validate(run: FitRun): Promise<Logs> {
  if (run.validation === undefined) return {};
  const { trainer, control, validation, batchSize, callbacks, validationSampleWeights } = run;
  const evaluate = () =>
    runEvaluate(trainer, validation, batchSize, callbacks, validationSampleWeights);
  const figures = await (run.validatesEma ? control.withEmaWeights(evaluate) : evaluate());
  const entries = Object.entries(figures).map(([name, value]) => [validationName(name), value]);
  return Object.fromEntries(entries);
}

/** `loss` → `valLoss`. */
export function validationName(name: string): string {
  return `val${name[0].toUpperCase()}${name.slice(1)}`;
}

/** Loss and metrics over a data set, in inference mode. */
export async function runEvaluate(
  trainer: Trainer,
  dataset: Dataset,
  batchSize: number,
  callbacks: CallbackList,
  weights?: SampleWeights,
): Promise<Record<string, number>> {
  const runner = new BatchRunner(trainer, 'evaluate', dataset, batchSize, weights);
  const means = new Means();
  const whole = trainer.beginFigures();
  await callbacks.run('onTestBegin', { samples: dataset.size });
  await runner.run(
    epochOrder(dataset.size, undefined, 0),
    0,
    (batch) => callbacks.numbered('onTestBatchBegin', batch, {}),
    async (batch, results, count) => {
      means.add(results, count);
      whole.add(results, count);
      const logs = { ...means.means(), samples: means.samples };
      await callbacks.numbered('onTestBatchEnd', batch, logs);
      return true;
    },
  );
  const figures = { ...means.means(), ...whole.figures() };
  await callbacks.run('onTestEnd', figures);
  return figures;
}

/** The outputs for all samples of a data set, each `[size, ...]`, row-major. */
export async function runPredict(
  trainer: Trainer,
  dataset: Dataset,
  batchSize: number,
  outputSizes: readonly number[],
  callbacks: CallbackList,
): Promise<Float32Array[]> {
  const outputs = outputSizes.map((size) => new Float32Array(size * dataset.size));
  const runner = new BatchRunner(trainer, 'predict', dataset, batchSize);
  await callbacks.run('onPredictBegin', {});
  await runner.run(
    epochOrder(dataset.size, undefined, 0),
    0,
    (batch) => callbacks.numbered('onPredictBatchBegin', batch, {}),
    async (batch, results) => {
      outputs.forEach((output, i) => {
        output.set(results[`output${i}`], batch * batchSize * outputSizes[i]);
      });
      const samples = Math.min((batch + 1) * batchSize, dataset.size);
      await callbacks.numbered('onPredictBatchEnd', batch, { samples });
      return true;
    },
  );
  await callbacks.run('onPredictEnd', {});
  return outputs;
}

function divergence(loss: number, epoch: number, batch: number): DivergenceError {
  return new DivergenceError(
    `the loss became ${loss} at step ${batch + 1} of epoch ${epoch + 1}; use a lower learning rate, or check the data for extreme values`,
  );
}

/** Throws unless the number is an integer ≥ 1. */
export function requireBatchSize(batchSize: number): void {
  if (Number.isInteger(batchSize) && batchSize >= 1) return;
  throw new ValueError(`batchSize must be an integer ≥ 1, got ${batchSize}`);
}
