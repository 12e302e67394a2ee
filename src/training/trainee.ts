import type { Shape } from '../core/shape.js';
import type { CallContext } from '../graph/graph-layer.js';
import type { Variable } from '../graph/variable.js';
import type { Value } from '../ops/ir.js';

/** A weight under the name by which the state and files know it, such as `conv/kernel`. */
export interface NamedVariable {
  readonly entry: string;
  readonly variable: Variable;
}

/** What training needs of a model. */
export interface Trainee {
  readonly name: string;
  readonly inputNames: readonly string[];
  /** Shapes of one sample of every input. */
  readonly inputShapes: readonly Shape[];
  readonly outputNames: readonly string[];
  /** Shapes of one sample of every output. */
  readonly outputShapes: readonly Shape[];
  /** All weights, each once. */
  readonly namedVariables: readonly NamedVariable[];
  /** Weights that training may change just now. */
  readonly trainableWeights: readonly Variable[];
  /** Paths of the layers that are frozen just now; they decide what a step of training computes. */
  readonly frozenLayers: readonly string[];
  /** Emits the model on input values. */
  emit(inputs: readonly Value[], context: CallContext): readonly Value[];
}
