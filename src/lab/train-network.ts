import {
  type Callback,
  clearNames,
  type Dataset,
  DivergenceError,
  type EpochPosition,
  type History,
  learningRateScheduler,
  type Model,
  setRandomSeed,
  sgd,
} from '../library.js';
import type { PartContext } from './experiment.js';
import { InterruptedExperiment } from './interrupted-experiment.js';
import { captureModel, restoreModel } from './model-state.js';
import { fingerprint } from './part-store.js';

/** How a network is trained. */
export type TrainSettings = {
  /** Passes over the data. */
  epochs: number;
  /** Samples in a step. */
  batchSize: number;
  /** Step size of stochastic gradient descent with momentum 0.9. */
  learningRate: number;
  /** Shares of the epochs after which the step size is divided by 10. */
  drops: readonly number[];
  /** Decay of the kernels as in the papers: half of it times their squares is part of the training loss. */
  weightDecay: number;
};

/** A network to train. */
export interface NetworkRecipe {
  /** What it is, with all that its making depends on; names it in the store. */
  readonly description: string;
  /** Makes it. */
  build(): Model;
  /** Data, with all that it depends on being part of the description too. */
  readonly data: { readonly train: Dataset; readonly test: Dataset };
  readonly settings: TrainSettings;
  /** First weights and order of samples. */
  readonly seed: number;
}

/** Figures by epoch. */
export interface Curve {
  /** Mean training loss of each epoch. */
  readonly loss: readonly number[];
  /** Training accuracy, a mean over the epoch while weights change. */
  readonly accuracy: readonly number[];
  /** Loss on the test images after the epoch. */
  readonly testLoss: readonly number[];
  /** Accuracy on the test images after the epoch. */
  readonly testAccuracy: readonly number[];
  /** Seconds of each epoch, evaluation included. */
  readonly seconds: readonly number[];
  /** Whether the loss stopped being a finite number, which ended training. */
  readonly diverged: boolean;
}

interface Checkpoint {
  history: Record<string, number[]>;
  epoch: number;
  position: EpochPosition | undefined;
  diverged: boolean;
}

/**
 * Trains a network, or takes it from the store where it is trained already, wholly or to a checkpoint. There
 * is one after every epoch, so that a process that is killed loses no more than an epoch. The caller
 * disposes of the model.
 * @throws {InterruptedExperiment} after a signal, with a checkpoint in the store.
 */
export async function trainNetwork(
  context: PartContext,
  recipe: NetworkRecipe,
  share: { from: number; to: number } = { from: 0, to: 1 },
): Promise<{ model: Model; curve: Curve }> {
  const { settings, seed, data } = recipe;
  const { store, signal, engine, origin } = context;
  const { epochs, batchSize, learningRate, drops } = settings;
  const sizes = [data.train.size, data.test.size, data.train.inputShapes];
  const description = JSON.stringify([origin, recipe.description, settings, seed, sizes]);
  const name = `net-${fingerprint(description)}.safetensors`;
  clearNames();
  setRandomSeed(seed);
  const model = recipe.build();
  model.compile({
    optimizer: sgd({ learningRate, momentum: 0.9 }),
    loss: 'categoricalCrossentropy',
    metrics: ['accuracy'],
    ...engine,
  });
  const bytes = await store.read(name);
  const state: Checkpoint =
    bytes === undefined
      ? { history: {}, epoch: 0, position: undefined, diverged: false }
      : ((await restoreModel(model, bytes)) as Checkpoint);
  const save = async () => store.write(name, await captureModel(model, state));
  const watch: Callback = {
    onTrainBatchEnd(_batch, { samples }) {
      if (signal?.aborted) {
        model.stopTraining = true;
        return;
      }
      const done = (state.epoch + samples / data.train.size) / epochs;
      context.advance(share.from + (share.to - share.from) * Math.min(1, done));
    },
    async onEpochEnd(epoch, logs) {
      for (const [figure, value] of Object.entries(logs)) {
        state.history[figure] ??= [];
        state.history[figure].push(value);
      }
      state.epoch = epoch + 1;
      state.position = undefined;
      await save();
      if (signal?.aborted) model.stopTraining = true;
    },
  };
  const schedule = learningRateScheduler((epoch) => {
    return learningRate * 0.1 ** drops.filter((drop) => epoch >= drop * epochs).length;
  });
  try {
    if (state.epoch < epochs && !state.diverged) {
      const history: History = await model.fit(data.train, {
        epochs,
        batchSize,
        seed,
        initialEpoch: state.epoch,
        initialPosition: state.position,
        validationData: data.test,
        callbacks: [watch, schedule],
        verbose: false,
      });
      state.position = history.stoppedAt;
      if (state.epoch < epochs) {
        await save();
        throw new InterruptedExperiment(recipe.description);
      }
    }
  } catch (error) {
    if (!(error instanceof DivergenceError)) {
      await model.dispose();
      throw error;
    }
    state.diverged = true;
    await save();
  }
  const { loss = [], accuracy = [], valLoss = [], valAccuracy = [], seconds = [] } = state.history;
  const curve = {
    loss,
    accuracy,
    testLoss: valLoss,
    testAccuracy: valAccuracy,
    seconds,
    diverged: state.diverged,
  };
  return { model, curve };
}
