import { ValueError } from '../core/errors.js';

/** Weights of the classes by their indices; classes that it does not name weigh 1. */
export type ClassWeight = Readonly<Record<number, number>>;

/** What each sample of a data set counts in the loss: by itself, or by its class. */
export class SampleWeights {
  readonly #each: Float32Array | undefined;
  readonly #classes: ReadonlyMap<number, number>;

  /**
   * @param options weights of samples or classes. @param size number of samples.
   * @throws {ValueError} for both at once, a wrong number of weights, or one that is no finite number.
   */
  constructor(
    options: { sampleWeight?: ArrayLike<number>; classWeight?: ClassWeight },
    size: number,
  ) {
    const { sampleWeight, classWeight } = options;
    if (sampleWeight !== undefined && classWeight !== undefined) {
      throw new ValueError(
        'sampleWeight and classWeight cannot both be given; multiply the weights of the classes into sampleWeight',
      );
    }
    this.#each = sampleWeight && Float32Array.from(sampleWeight);
    if (this.#each !== undefined && this.#each.length !== size) {
      throw new ValueError(
        `sampleWeight has ${this.#each.length} weights for ${size} samples; give one for each`,
      );
    }
    const wrong = this.#each?.findIndex((weight) => !Number.isFinite(weight)) ?? -1;
    if (wrong >= 0) {
      throw new ValueError(`sampleWeight[${wrong}] must be a finite number`);
    }
    this.#classes = new Map(
      Object.entries(classWeight ?? {}).map(([name, weight]) => {
        const index = Number(name);
        if (!Number.isInteger(index) || index < 0 || !Number.isFinite(weight)) {
          throw new ValueError(
            `classWeight must have finite numbers by class index, such as { 0: 1, 1: 2.5 }, got ${name}: ${weight}`,
          );
        }
        return [index, weight];
      }),
    );
  }

  /** The weights of the samples from `from` to `to`. */
  part(from: number, to: number): SampleWeights {
    const sampleWeight = this.#each?.subarray(from, to);
    return new SampleWeights({ sampleWeight, classWeight: this.#byClass() }, to - from);
  }

  /**
   * Writes the weights of some samples.
   * @param targets of these samples, of the only output: class indices, or `width` values each of which the
   * largest is the class. @param out `[indices.length]`.
   */
  fill(indices: Uint32Array, targets: Float32Array, out: Float32Array): void {
    const width = targets.length / indices.length;
    for (let i = 0; i < indices.length; i++) {
      out[i] = this.#each?.[indices[i]] ?? this.#classes.get(classOf(targets, i, width)) ?? 1;
    }
  }

  #byClass(): ClassWeight | undefined {
    return this.#classes.size === 0 ? undefined : Object.fromEntries(this.#classes);
  }
}

function classOf(targets: Float32Array, sample: number, width: number): number {
  if (width === 1) return targets[sample];
  let best = 0;
  for (let c = 1; c < width; c++) {
    if (targets[sample * width + c] > targets[sample * width + best]) best = c;
  }
  return best;
}
