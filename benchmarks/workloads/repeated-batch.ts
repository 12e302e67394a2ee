import type { Dataset, Model } from 'residuum';
import { fixedBatch } from '../networks/bench-networks.js';

/** A data set of one batch over and over, copied each time as batches of other data sets are. */
export class RepeatedBatch implements Dataset {
  readonly size: number;
  readonly inputShapes: readonly (readonly number[])[];
  readonly targetShapes: readonly (readonly number[])[];
  readonly #columns: readonly Float32Array[];
  readonly #batch: number;

  /** @param steps how often the batch comes. */
  constructor(model: Model, batch: number, steps: number) {
    const { x, y } = fixedBatch(model, batch);
    this.size = batch * steps;
    this.#batch = batch;
    this.#columns = [x, y];
    this.inputShapes = [model.inputShapes[0]];
    this.targetShapes = [model.outputShapes[0]];
  }

  gather(
    indices: Uint32Array,
    inputs: readonly Float32Array[],
    targets: readonly Float32Array[],
  ): void {
    [...inputs, ...targets].forEach((destination, i) => {
      const source = this.#columns[i];
      const row = source.length / this.#batch;
      indices.forEach((index, place) => {
        const from = (index % this.#batch) * row;
        destination.set(source.subarray(from, from + row), place * row);
      });
    });
  }
}
