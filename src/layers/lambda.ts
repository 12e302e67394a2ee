import { ValueError } from '../core/errors.js';
import type { Value } from '../ops/ir.js';
import { Layer, type LayerConfig, type LayerOptions } from './layer.js';

/** A function over values, made of the library's ops, so that it differentiates. */
export type LambdaFunction = (...values: Value[]) => Value;

/**
 * A function as a layer, on one tensor or a list. Files keep its name only: whoever loads the model hands
 * the function in again, so nothing in a file is ever executed.
 */
export class Lambda extends Layer {
  readonly className = 'Lambda';
  readonly #fn: LambdaFunction;

  /** @param fn gets the inputs with their batch axis. @param options name. @throws {ValueError} for no function. */
  constructor(fn: LambdaFunction, options: LayerOptions = {}) {
    super(options, 'lambda');
    if (typeof fn !== 'function') {
      throw new ValueError(`layer '${this.name}': a lambda needs a function, got ${typeof fn}`);
    }
    this.#fn = fn;
  }

  protected override get inputArity(): readonly [number, number] {
    return [1, Number.POSITIVE_INFINITY];
  }

  call(inputs: readonly Value[]): Value {
    return this.#fn(...inputs);
  }

  getConfig(): LayerConfig {
    return {};
  }
}

/** A function as a layer: `lambda((x) => affine(x, 0.5))`. */
export const lambda = (fn: LambdaFunction, options: LayerOptions = {}): Lambda =>
  new Lambda(fn, options);
