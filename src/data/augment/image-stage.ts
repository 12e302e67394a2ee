import { ShapeError } from '../../core/errors.js';
import { Random } from '../../core/random.js';
import { formatShape } from '../../core/shape.js';
import type { Dataset, GatherContext } from '../dataset.js';
import type { Augmentation } from './augmentation.js';

/** Shape of an image, `[H, W, C]` row-major. */
export interface ImageShape {
  /** Rows of pixels. */
  readonly height: number;
  /** Pixels of a row. */
  readonly width: number;
  /** Numbers of a pixel. */
  readonly channels: number;
}

/**
 * Changes one image in place.
 * @param data where it lies, beginning at `at`. @param random draws of this sample in this epoch.
 */
export type ImageChange = (data: Float32Array, at: number, random: Random) => void;

/** An augmentation that changes each image by itself. */
export interface ImageAugmentation {
  /** Name by which a run's description asks for it. */
  readonly name: string;
  /** The options, with all defaults filled in. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Whether evaluation and prediction get it too; such a change draws nothing. */
  readonly always?: boolean;
  /** `colours` takes pixels to lie in [0, 1], `rescales` takes them out of it. */
  readonly pixels?: 'colours' | 'rescales';
  /**
   * Readies the change for images of a shape; what it needs in memory is taken here.
   * @throws ShapeError, ValueError when it cannot be done on such images.
   */
  prepare(shape: ImageShape): ImageChange;
}

/** Makes a step of an augmentation from a change of single images. */
export function imageAugmentation(change: ImageAugmentation): Augmentation {
  const { name, config, pixels, always = false } = change;
  return {
    name,
    config,
    ...(pixels !== undefined && { pixels }),
    over(dataset, stream) {
      const shape = imageShapeOf(dataset, name);
      return new ImageStage(dataset, shape, change.prepare(shape), stream, always);
    },
  };
}

/**
 * Shape of the only input of a data set of images.
 * @param name of the augmentation, for the message. @throws {ShapeError} when the data is something else.
 */
export function imageShapeOf({ inputShapes }: Dataset, name: string): ImageShape {
  const [shape] = inputShapes;
  if (inputShapes.length !== 1 || shape.length !== 3) {
    throw new ShapeError(
      `${name} changes images, so it needs data with one input of shape [H, W, C], but the data has ` +
        `${inputShapes.map(formatShape).join(', ')}.`,
    );
  }
  const [height, width, channels] = shape;
  return { height, width, channels };
}

/** A data set whose images are changed one by one after they were gathered. */
class ImageStage implements Dataset {
  readonly size: number;
  readonly inputShapes: Dataset['inputShapes'];
  readonly targetShapes: Dataset['targetShapes'];
  readonly classNames?: readonly string[];
  readonly #base: Dataset;
  readonly #width: number;
  readonly #change: ImageChange;
  readonly #stream: number;
  readonly #always: boolean;
  readonly #random = new Random(0);

  constructor(
    base: Dataset,
    shape: ImageShape,
    change: ImageChange,
    stream: number,
    always: boolean,
  ) {
    this.size = base.size;
    this.inputShapes = base.inputShapes;
    this.targetShapes = base.targetShapes;
    this.classNames = base.classNames;
    this.#base = base;
    this.#width = shape.height * shape.width * shape.channels;
    this.#change = change;
    this.#stream = stream;
    this.#always = always;
  }

  gather(
    indices: Uint32Array,
    inputs: readonly Float32Array[],
    targets: readonly Float32Array[],
    context?: GatherContext,
  ): void | Promise<void> {
    const pending = this.#base.gather(indices, inputs, targets, context);
    if (context === undefined && !this.#always) return pending;
    if (pending !== undefined) return pending.then(() => this.#apply(indices, inputs[0], context));
    return this.#apply(indices, inputs[0], context);
  }

  #apply(indices: Uint32Array, images: Float32Array, context: GatherContext | undefined): void {
    const { seed, epoch } = context ?? { seed: 0, epoch: 0 };
    const random = this.#random;
    for (let i = 0; i < indices.length; i++) {
      random.restart(seed, this.#stream, epoch, indices[i]);
      this.#change(images, i * this.#width, random);
    }
  }
}
