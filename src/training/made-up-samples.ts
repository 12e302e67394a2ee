import { hashName, Random } from '../core/random.js';
import type { PreparedPlan } from '../runtime/executor.js';

/** Draws that repeat over the inputs: drawing each anew would take longer than many a step. */
const DRAWS = 8191;
const STREAM = hashName('made-up samples');

/**
 * Fills the first set of a step's inputs: normal draws for the model's inputs, and for targets of
 * several values the first class.
 * @param inputCount how many of the arrays are the model's inputs; targets follow.
 */
export function fillWithSamples(
  { batchSize, prepared }: { batchSize: number; prepared: PreparedPlan },
  inputCount: number,
): void {
  const random = new Random(0, [STREAM]);
  const draws = Float32Array.from({ length: DRAWS }, () => random.normal());
  const [arrays] = prepared.inputs;
  arrays.forEach((array, place) => {
    if (place < inputCount) {
      for (let i = 0; i < array.length; i++) array[i] = draws[i % DRAWS];
      return;
    }
    const size = array.length / batchSize;
    array.fill(0);
    if (size > 1) for (let i = 0; i < array.length; i += size) array[i] = 1;
  });
}
