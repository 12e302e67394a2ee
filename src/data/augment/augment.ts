import { ValueError } from '../../core/errors.js';
import { hashName } from '../../core/random.js';
import { type Dataset, type GatherContext, subset } from '../dataset.js';
import type { Augmentation } from './augmentation.js';

/**
 * A data set whose samples are changed in training, each time anew, in the order of the list. Evaluation
 * and prediction get them unchanged, but for `normalize`.
 *
 * Every draw follows from (seed, epoch, number of the sample, place in the list): results depend neither
 * on the size of batches nor on where a run was resumed.
 *
 *     augment(train, [flip(), padCrop({ padding: 4 }), mixup({ alpha: 0.2 })])
 *
 * @throws ShapeError when a change does not fit the samples. @throws ValueError when changes of colour
 *   come after `normalize`.
 */
export function augment(dataset: Dataset, augmentations: readonly Augmentation[]): Dataset {
  const rescales = augmentations.findIndex(({ pixels }) => pixels === 'rescales');
  augmentations.forEach(({ name, pixels }, i) => {
    if (pixels !== 'colours' || rescales < 0 || i < rescales) return;
    throw new ValueError(
      `${name} needs pixels in [0, 1], but ${augmentations[rescales].name} comes before it; put it last.`,
    );
  });
  return new AugmentedDataset(dataset, augmentations);
}

class AugmentedDataset implements Dataset {
  readonly size: number;
  readonly inputShapes: Dataset['inputShapes'];
  readonly targetShapes: Dataset['targetShapes'];
  readonly classNames?: readonly string[];
  readonly #base: Dataset;
  readonly #augmentations: readonly Augmentation[];
  readonly #last: Dataset;

  constructor(base: Dataset, augmentations: readonly Augmentation[]) {
    this.#base = base;
    this.#augmentations = augmentations;
    this.#last = augmentations.reduce((dataset, augmentation, i) => {
      return augmentation.over(dataset, hashName(`augment/${i}/${augmentation.name}`));
    }, base);
    this.size = this.#last.size;
    this.inputShapes = this.#last.inputShapes;
    this.targetShapes = this.#last.targetShapes;
    this.classNames = base.classNames;
  }

  gather(
    indices: Uint32Array,
    inputs: readonly Float32Array[],
    targets: readonly Float32Array[],
    context?: GatherContext,
  ): void | Promise<void> {
    return this.#last.gather(indices, inputs, targets, context);
  }

  /** Partners come from the same part, so that nothing of what is kept for validation is trained on. */
  part(from: number, to: number): Dataset {
    return new AugmentedDataset(subset(this.#base, from, to), this.#augmentations);
  }
}
