import { DataError } from '../core/errors.js';
import type { Dataset } from '../data/dataset.js';
import { BatchRunner } from './batch-runner.js';
import { epochOrder } from './fit.js';
import type { NamedVariable } from './trainee.js';
import type { Trainer } from './trainer.js';

/**
 * Sets all moving statistics to the mean of those of the batches, each weighted by its samples, of a pass in
 * training mode; nothing else changes. Layers that are frozen keep theirs.
 * @throws {DataError} when there is no sample.
 */
export async function runStatistics(
  trainer: Trainer,
  named: readonly NamedVariable[],
  dataset: Dataset,
  batchSize: number,
): Promise<void> {
  const moving = named.filter(({ variable }) => !variable.trainable);
  if (dataset.size === 0) throw new DataError('statistics need at least one sample, got none');
  const before = new Map<string, Float32Array>();
  for (const { entry, variable } of moving) before.set(entry, (await variable.read()).slice());
  const sums = new Map(
    moving.map(({ entry, variable }) => [entry, new Float64Array(variable.size)]),
  );
  const entries = moving.map(({ entry }) => entry);
  const runner = new BatchRunner(trainer, 'statistics', dataset, batchSize);
  const order = epochOrder(dataset.size, undefined, 0);
  let means: ReadonlyMap<string, ArrayLike<number>> = before;
  try {
    await runner.run(
      order,
      0,
      async () => undefined,
      async (_batch, _results, count) => {
        for (const [entry, values] of await trainer.readWeights(entries)) {
          const sum = sums.get(entry);
          values.forEach((value, i) => {
            if (sum !== undefined) sum[i] += value * count;
          });
        }
        return true;
      },
    );
    means = new Map([...sums].map(([entry, sum]) => [entry, sum.map((s) => s / dataset.size)]));
  } finally {
    await trainer.pull();
    for (const { entry, variable } of moving)
      variable.write(means.get(entry) ?? variable.hostValue);
  }
}
