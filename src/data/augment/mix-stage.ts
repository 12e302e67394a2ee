import { ShapeError } from '../../core/errors.js';
import { Random } from '../../core/random.js';
import { formatShape, sizeOf } from '../../core/shape.js';
import type { Dataset, GatherContext } from '../dataset.js';

/** Where the arrays of one sample lie, and those of its partner. */
export interface MixedPair {
  readonly arrays: readonly Float32Array[];
  readonly partners: readonly Float32Array[];
  /** Number of the sample in the arrays. */
  readonly sample: number;
}

/** Changes a sample by its partner, in place; arrays of inputs come first, then those of targets. */
export type Mixing = (pair: MixedPair, random: Random) => void;

/**
 * A data set each of whose samples is mixed with another: the partner follows from (seed, epoch, index)
 * alone, and comes as the data set below gives it in that epoch, augmented as it is there.
 */
export class MixStage implements Dataset {
  readonly size: number;
  readonly inputShapes: Dataset['inputShapes'];
  readonly targetShapes: Dataset['targetShapes'];
  readonly classNames?: readonly string[];
  readonly #base: Dataset;
  readonly #mix: Mixing;
  readonly #stream: number;
  readonly #random = new Random(0);
  /** Partners by batch length: a run knows only a full batch and a last one. */
  readonly #spare = new Map<number, Partners>();

  /**
   * @param name of the augmentation, for messages.
   * @throws {ShapeError} when a target is no row of class probabilities.
   */
  constructor(name: string, base: Dataset, mix: Mixing, stream: number) {
    for (const shape of base.targetShapes) {
      if (shape.length === 1 && shape[0] > 1) continue;
      throw new ShapeError(
        `${name} blends targets, so it needs one-hot rows, but the data has targets of shape ` +
          `${formatShape(shape)}; make them one-hot (oneHot: classes) and use categoricalCrossentropy.`,
      );
    }
    this.size = base.size;
    this.inputShapes = base.inputShapes;
    this.targetShapes = base.targetShapes;
    this.classNames = base.classNames;
    this.#base = base;
    this.#mix = mix;
    this.#stream = stream;
  }

  gather(
    indices: Uint32Array,
    inputs: readonly Float32Array[],
    targets: readonly Float32Array[],
    context?: GatherContext,
  ): void | Promise<void> {
    const first = this.#base.gather(indices, inputs, targets, context);
    if (context === undefined) return first;
    const count = indices.length;
    // Taken out while in use, so that overlapping asynchronous calls do not share it.
    const partners = this.#spare.get(count) ?? this.#allocate(count);
    this.#spare.delete(count);
    for (let i = 0; i < count; i++) {
      this.#random.restart(context.seed, this.#stream, context.epoch, indices[i]);
      partners.indices[i] = this.#random.integer(this.size);
    }
    const second = this.#base.gather(partners.indices, partners.inputs, partners.targets, context);
    const finish = () => {
      this.#blend(indices, [...inputs, ...targets], partners, context);
      this.#spare.set(count, partners);
    };
    if (first === undefined && second === undefined) return finish();
    return Promise.all([first, second]).then(finish);
  }

  #blend(
    indices: Uint32Array,
    arrays: readonly Float32Array[],
    partners: Partners,
    { seed, epoch }: GatherContext,
  ): void {
    const pair = { arrays, partners: [...partners.inputs, ...partners.targets], sample: 0 };
    for (let i = 0; i < indices.length; i++) {
      this.#random.restart(seed, this.#stream, epoch, indices[i]);
      // The partner's draw: the mixing takes those that follow.
      this.#random.integer(this.size);
      pair.sample = i;
      this.#mix(pair, this.#random);
    }
  }

  #allocate(count: number): Partners {
    const make = (shape: readonly number[]) => new Float32Array(count * sizeOf(shape));
    return {
      indices: new Uint32Array(count),
      inputs: this.inputShapes.map(make),
      targets: this.targetShapes.map(make),
    };
  }
}

interface Partners {
  readonly indices: Uint32Array;
  readonly inputs: readonly Float32Array[];
  readonly targets: readonly Float32Array[];
}

/** a ← a · share + b · (1 − share), over one sample of arrays. */
export function blend(
  a: Float32Array,
  b: Float32Array,
  at: number,
  width: number,
  share: number,
): void {
  const rest = 1 - share;
  for (let i = at; i < at + width; i++) a[i] = a[i] * share + b[i] * rest;
}
