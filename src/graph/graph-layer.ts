import type { Value } from '../ops/ir.js';
import type { Variable } from './variable.js';

/** What a layer may ask for while it emits its operations. */
export interface CallContext {
  /** Whether the step trains: dropout drops, batch normalisation uses the batch. */
  readonly training: boolean;
  /** Momentum of moving statistics instead of that of each layer; 0 makes them those of the batch. */
  readonly statisticsMomentum?: number;
  /** The current value of a weight. */
  read(variable: Variable): Value;
  /** Stores a computed value in a weight; later reads in the same step see it. */
  update(variable: Variable, value: Value): void;
  /** Told of what every call of a layer gives, under the path of the layer, such as `outer/inner`. */
  observe?(path: string, outputs: readonly Value[]): void;
}

/** What the graph needs to know of a layer. */
export interface GraphLayer {
  /** Name of the layer, unique in a model. */
  readonly name: string;
  /** Emits the layer's operations on values that carry a batch axis. */
  call(inputs: readonly Value[], context: CallContext): Value | readonly Value[];
}
