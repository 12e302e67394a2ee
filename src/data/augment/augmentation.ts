import type { Dataset } from '../dataset.js';

/** One step of an augmentation, made by `flip()`, `mixup()` and the like. */
export interface Augmentation {
  /** Name by which a run's description asks for it. */
  readonly name: string;
  /** The options, with all defaults filled in. */
  readonly config: Readonly<Record<string, unknown>>;
  /**
   * What it does to pixels: `colours` takes them to lie in [0, 1], `rescales` takes them out of it.
   */
  readonly pixels?: 'colours' | 'rescales';
  /** Whether it blends samples with others. */
  readonly mixes?: boolean;
  /**
   * The data set with this step on top.
   * @param stream number of the step's random draws, different for each step of a list.
   * @throws ShapeError, ValueError when the step cannot be done on such samples.
   */
  over(dataset: Dataset, stream: number): Dataset;
}

/** An augmentation as JSON describes it: its name beside its options. */
export interface AugmentationDescription {
  /** Such as `padCrop`. */
  readonly name: string;
  /** Options by name. */
  readonly [option: string]: unknown;
}

/** Name and options of an augmentation, for the description of a run. */
export function describeAugmentation({ name, config }: Augmentation): AugmentationDescription {
  return { name, ...config };
}
