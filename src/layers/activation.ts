import type { Value } from '../ops/ir.js';
import { type ActivationName, applyActivation, resolveActivation } from './activations.js';
import { Layer, type LayerConfig, type LayerOptions } from './layer.js';

/** Options of the class `Activation`. */
export interface ActivationOptions extends LayerOptions {
  /** Which function. */
  activation: ActivationName;
}

/** An activation function as a layer of its own; the shape stays. */
export class Activation extends Layer {
  readonly className = 'Activation';
  readonly #activation: ActivationName;

  /** @param options the function. @throws {UnknownNameError} for an unknown function. */
  constructor(options: ActivationOptions) {
    super(options, 'activation');
    this.#activation = resolveActivation(options.activation);
  }

  call([x]: readonly Value[]): Value {
    return applyActivation(this.#activation, x);
  }

  getConfig(): LayerConfig {
    return { activation: this.#activation };
  }
}

/** An activation layer: `activation('relu')`. */
export const activation = (name: ActivationName, options: LayerOptions = {}): Activation =>
  new Activation({ ...options, activation: name });
