import { add as addOp } from '../ops/binary.js';
import type { Value } from '../ops/ir.js';
import type { LayerOptions } from './layer.js';
import { MergeLayer } from './merge-layer.js';

/** a + b + …, elementwise, of tensors of equal rank; axes of size 1 are repeated. */
export class Add extends MergeLayer {
  readonly className = 'Add';

  /** @param options name and whether it is trainable. */
  constructor(options: LayerOptions = {}) {
    super(options, 'add');
  }

  call(inputs: readonly Value[]): Value {
    return inputs.reduce((sum, x) => addOp(sum, x));
  }
}

/** The sum of a list of tensors: `add()([a, b])`. */
export const add = (options: LayerOptions = {}): Add => new Add(options);
