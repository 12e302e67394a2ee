import { GraphError, ValueError } from '../core/errors.js';
import type { Shape } from '../core/shape.js';
import { SymbolicTensor } from '../graph/symbolic-tensor.js';
import { Layer, type LayerConfig, type LayerOptions } from './layer.js';
import { requireSampleShape, show } from './option-checks.js';

/** Options of `input`. */
export interface InputOptions extends LayerOptions {
  /** Shape of one sample, without the batch axis, such as [28, 28, 1]. */
  shape: Shape;
  /** Type of the numbers; `float32` is the only one. */
  dtype?: 'float32';
}

/** The place where data enters a model. */
export class InputLayer extends Layer {
  readonly className = 'InputLayer';
  /** The tensor that stands for the data. */
  readonly output: SymbolicTensor;
  readonly #shape: Shape;

  /** @param options the shape. @throws {ValueError} for a shape that is no list of sizes, or another type. */
  constructor(options: InputOptions) {
    super(options, 'input_layer');
    const what = `layer '${this.name}'`;
    this.#shape = requireSampleShape(options.shape, 'shape', what);
    const dtype = options.dtype ?? 'float32';
    if (dtype !== 'float32') {
      throw new ValueError(`${what}: dtype must be 'float32', got ${show(dtype)}`);
    }
    const outputs: SymbolicTensor[] = [];
    const node = { layer: this, call: 0, inputs: [], outputs };
    this.output = new SymbolicTensor(this.#shape, node, 0);
    outputs.push(this.output);
  }

  override connect(): readonly SymbolicTensor[] {
    throw new GraphError(`layer '${this.name}' is an input and cannot be called; use its output`);
  }

  call(): never {
    throw new GraphError(`layer '${this.name}' is an input and computes nothing`);
  }

  getConfig(): LayerConfig {
    return { shape: this.#shape, dtype: 'float32' };
  }
}

/** A tensor that stands for data: `input({ shape: [28, 28, 1] })`. */
export const input = (options: InputOptions): SymbolicTensor => new InputLayer(options).output;
