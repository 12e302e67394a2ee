import { formatShape } from '../core/shape.js';
import type { GraphLayer } from './graph-layer.js';

/** A shape whose batch axis, the first, is not fixed yet: `[null, 28, 28, 1]`. */
export type SymbolicShape = readonly (number | null)[];

/** The result of calling a layer while a model is being put together: a shape without numbers. */
export class SymbolicTensor {
  /** Sizes of all axes; the batch axis comes first and is `null`. */
  readonly shape: SymbolicShape;
  /** Name of the layer that made it. */
  readonly name: string;
  /** The call that made it. */
  readonly node: CallNode;
  /** Which output of the call it is. */
  readonly index: number;

  /** @param sampleShape the shape without the batch. @param node the call. @param index its output. */
  constructor(sampleShape: readonly number[], node: CallNode, index: number) {
    this.shape = [null, ...sampleShape];
    this.node = node;
    this.index = index;
    this.name = node.layer.name;
  }

  /** The shape without the batch axis. */
  get sampleShape(): readonly number[] {
    return this.shape.slice(1) as readonly number[];
  }

  /** The tensor as a person writes it. */
  toString(): string {
    return `SymbolicTensor '${this.name}' ${formatShape(this.shape)}`;
  }
}

/** One call of a layer on symbolic tensors. A shared layer has several. */
export interface CallNode {
  /** The layer that was called. */
  readonly layer: GraphLayer;
  /** Which call of the layer it is, from 0. */
  readonly call: number;
  /** What it was called on. */
  readonly inputs: readonly SymbolicTensor[];
  /** What the call gave. */
  readonly outputs: readonly SymbolicTensor[];
}
