import type { Model } from 'residuum';
import { benchNetworks, benchOptimizers, fixedBatch, rowOf } from '../networks/bench-networks.js';
import { RepeatedBatch } from './repeated-batch.js';

/** Runs so many steps and returns the seconds of each. */
export type TimedSteps = (count: number) => Promise<number[]>;

/** Which step of ours is timed. */
export interface StepOptions {
  network: string;
  optimizer: string;
  batch: number;
  replicas: number;
  gemm?: 'onnxruntime' | 'wasm';
}

const now = () => performance.now() / 1000;

function compiled({ network, optimizer, replicas, gemm }: StepOptions): Model {
  const model = rowOf(benchNetworks, network)();
  const loss = 'categoricalCrossentropy';
  model.compile({ optimizer: rowOf(benchOptimizers, optimizer)(), loss, replicas, gemm });
  return model;
}

/** Training steps as `fit` does them, from the end of one to the end of the next. */
export function trainingSteps(options: StepOptions): TimedSteps {
  const model = compiled(options);
  return async (count) => {
    const seconds: number[] = [];
    let last = now();
    await model.fit(new RepeatedBatch(model, options.batch, count), {
      batchSize: options.batch,
      shuffle: false,
      verbose: false,
      callbacks: [
        {
          onTrainBatchEnd: () => {
            const ended = now();
            seconds.push(ended - last);
            last = ended;
          },
        },
      ],
    });
    return seconds;
  };
}

/** Predictions of one batch, one after the other. */
export function predictionSteps(options: StepOptions): TimedSteps {
  const model = compiled(options);
  const { x } = fixedBatch(model, options.batch);
  const batch = { data: x, shape: [options.batch, ...model.inputShapes[0]] };
  return (count) => timeEach(count, () => model.predictOnBatch(batch));
}

/** Times a function so many times. */
export async function timeEach(count: number, run: () => unknown): Promise<number[]> {
  const seconds: number[] = [];
  for (let i = 0; i < count; i++) {
    const started = now();
    await run();
    seconds.push(now() - started);
  }
  return seconds;
}
