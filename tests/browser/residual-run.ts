/** Inputs and results of the run that a page and Node both do; plain data. */
export interface RunReport {
  /** Loss of every step. */
  losses: number[];
  /** Sums over the predictions of the trained model, one a class. */
  predictions: number[];
  executor: string;
  replicas: number;
  gemm: string;
}

/** The part of the library's entries that the run needs; both entries have it. */
export type Library = Pick<
  typeof import('../../src/browser.js'),
  'clearNames' | 'Random' | 'smallResnet' | 'adam'
>;

const COUNT = 30;
const IMAGE = [12, 12, 1];
const CLASSES = 4;
const REPLICAS = 2;

/** Trains a small residual network on 2 replicas with the WASM GEMM; the batches are 8, 8, 8 and 6. */
export async function runResidual({
  clearNames,
  Random,
  smallResnet,
  adam,
}: Library): Promise<RunReport> {
  clearNames();
  const random = new Random(11);
  const size = IMAGE.reduce((a, b) => a * b, 1);
  const x = {
    data: Float32Array.from({ length: COUNT * size }, () => random.normal()),
    shape: [COUNT, ...IMAGE],
  };
  const y = {
    data: Float32Array.from({ length: COUNT }, (_, i) => i % CLASSES),
    shape: [COUNT],
    oneHot: CLASSES,
  };
  const model = smallResnet({ inputShape: IMAGE, classes: CLASSES, filters: [5, 8] });
  const optimizer = adam({ learningRate: 0.01 });
  const loss = 'categoricalCrossentropy';
  model.compile({ loss, optimizer, replicas: REPLICAS, gemm: 'wasm' });
  const losses: number[] = [];
  let sum = 0;
  const onTrainBatchEnd = (batch: number, logs: Readonly<Record<string, number>>): void => {
    // Logs hold means over the epoch so far.
    const total = logs.loss * logs.samples;
    losses.push(batch === 0 ? total : total - sum);
    sum = total;
  };
  const callbacks = [{ onTrainBatchEnd }];
  await model.fit(x, y, { batchSize: 8, epochs: 3, seed: 2, verbose: false, callbacks });
  const { data } = await model.predict(x, { batchSize: 7 });
  const predictions = Array.from({ length: CLASSES }, (_, c) => {
    return data.reduce((total, value, i) => (i % CLASSES === c ? total + value : total), 0);
  });
  const { description } = await model.executor();
  await model.dispose();
  return { losses, predictions, ...description };
}
