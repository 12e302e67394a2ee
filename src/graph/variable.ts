import { ShapeError } from '../core/errors.js';
import type { InitialValues } from '../core/initial-values.js';
import { formatShape, type Shape, sizeOf } from '../core/shape.js';

/** Makes the first values of a weight. */
export interface Initializer {
  /**
   * Values of an array, row-major.
   * @param shape shape of the weight. @param path `layer/weight`, from which a stream of random numbers
   * may be derived.
   */
  initialize(shape: Shape, path: string): Float32Array;
  /** The same values described, where that is possible: an executor then makes them where it keeps them. */
  describe?(shape: Shape, path: string): InitialValues | undefined;
  /** Serialisable description: class name and options. */
  getConfig(): { className: string; config: Record<string, unknown> };
}

/** A penalty on a weight that is added to the loss: l1 · Σ|w| + l2 · Σw². */
export interface Regularizer {
  /** Factor of Σ|w|. */
  readonly l1: number;
  /** Factor of Σw². */
  readonly l2: number;
}

/** Whoever holds newer values of a variable than the variable itself, such as an executor. */
export interface VariableHolder {
  /** Copies the newest values of all variables that it holds into them. */
  pull(): Promise<void>;
}

/** A weight of a layer: its values on the host, and who has newer ones. */
export class Variable {
  /** Name within the layer, such as `kernel`. */
  readonly name: string;
  /** Shape, without a batch. */
  readonly shape: Shape;
  /** Whether gradients apply to it by nature (moving statistics: no). */
  readonly trainable: boolean;
  /** Penalty on this weight, if any. */
  readonly regularizer: Regularizer | undefined;
  /** Holder of newer values, if any. */
  holder: VariableHolder | undefined;
  /** Counts changes of the values on the host, so that holders notice those that are not their own. */
  version = 0;
  readonly #initializer: Initializer;
  readonly #path: string;
  #value: Float32Array | undefined;

  /** @param options what the layer knows of its weight; `path` is `layer/weight`. */
  constructor(options: {
    name: string;
    path: string;
    shape: Shape;
    trainable: boolean;
    initializer: Initializer;
    regularizer?: Regularizer;
  }) {
    this.name = options.name;
    this.shape = options.shape;
    this.trainable = options.trainable;
    this.regularizer = options.regularizer;
    this.#initializer = options.initializer;
    this.#path = options.path;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** What the values are at first, while nobody has looked at or written them and it can be described. */
  get initialValues(): InitialValues | undefined {
    if (this.#value !== undefined) return undefined;
    return this.#initializer.describe?.(this.shape, this.#path);
  }

  /** The values on the host, row-major, initialised at the first look; `read` gives the newest. */
  get hostValue(): Float32Array {
    this.#value ??= this.#initializer.initialize(this.shape, this.#path);
    return this.#value;
  }

  /** The newest values, fetched from whoever holds them. */
  async read(): Promise<Float32Array> {
    await this.holder?.pull();
    return this.hostValue;
  }

  /**
   * Replaces the values.
   * @throws {ShapeError} when the number of values differs from the variable's.
   */
  write(values: ArrayLike<number>): void {
    if (values.length !== this.size) {
      throw new ShapeError(
        `weight '${this.#path}' of shape ${formatShape(this.shape)} has ${this.size} values, got ${values.length}`,
      );
    }
    this.#value = Float32Array.from(values);
    this.version++;
  }

  /** Takes newer values over from the holder; another holder learns of them by `version`. */
  accept(values: Float32Array): void {
    this.#value = values;
    this.version++;
  }
}
