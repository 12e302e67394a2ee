import { multiply as multiplyOp } from '../ops/binary.js';
import type { Value } from '../ops/ir.js';
import type { LayerOptions } from './layer.js';
import { MergeLayer } from './merge-layer.js';

/** a · b · …, elementwise, of tensors of equal rank; axes of size 1 are repeated. */
export class Multiply extends MergeLayer {
  readonly className = 'Multiply';

  /** @param options name and whether it is trainable. */
  constructor(options: LayerOptions = {}) {
    super(options, 'multiply');
  }

  call(inputs: readonly Value[]): Value {
    return inputs.reduce((product, x) => multiplyOp(product, x));
  }
}

/** The product of a list of tensors: `multiply()([a, b])`. */
export const multiply = (options: LayerOptions = {}): Multiply => new Multiply(options);
