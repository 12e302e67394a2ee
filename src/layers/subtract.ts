import { subtract as subtractOp } from '../ops/binary.js';
import type { Value } from '../ops/ir.js';
import type { LayerOptions } from './layer.js';
import { MergeLayer } from './merge-layer.js';

/** a − b, elementwise, of two tensors of equal rank; axes of size 1 are repeated. */
export class Subtract extends MergeLayer {
  readonly className = 'Subtract';

  /** @param options name and whether it is trainable. */
  constructor(options: LayerOptions = {}) {
    super(options, 'subtract');
  }

  protected override get inputArity(): readonly [number, number] {
    return [2, 2];
  }

  call([a, b]: readonly Value[]): Value {
    return subtractOp(a, b);
  }
}

/** The difference of two tensors: `subtract()([a, b])`. */
export const subtract = (options: LayerOptions = {}): Subtract => new Subtract(options);
