import { ShapeError, ValueError } from '../../core/errors.js';
import type { Augmentation } from './augmentation.js';
import { imageAugmentation } from './image-stage.js';
import { numbersOption } from './option-checks.js';

/** Options of {@link normalize}. */
export interface NormalizeOptions {
  /** What is taken away from each channel; one number for all, or one for each. */
  readonly mean: number | readonly number[];
  /** What each channel is divided by after that; likewise. */
  readonly std: number | readonly number[];
}

/**
 * (x − mean) / std for each channel. It is no random change: evaluation and prediction get it too, so
 * give it to all parts of the data. It comes after changes of colour, which need pixels in [0, 1].
 * @throws {ValueError} for a deviation of 0, or options that are no numbers.
 */
export function normalize(options: NormalizeOptions): Augmentation {
  const list = (value: unknown) => (Array.isArray(value) ? value : [value]);
  const mean = numbersOption('normalize', 'mean', list(options.mean));
  const std = numbersOption('normalize', 'std', list(options.std));
  if (std.some((value) => value <= 0)) {
    throw new ValueError(`normalize: std must be above 0, got [${std.join(', ')}].`);
  }
  return imageAugmentation({
    name: 'normalize',
    config: { mean, std },
    always: true,
    pixels: 'rescales',
    prepare({ height, width, channels }) {
      const means = perChannel('mean', mean, channels);
      const factors = perChannel('std', std, channels).map((value) => 1 / value);
      const pixels = height * width;
      return (data, at) => {
        let place = at;
        for (let pixel = 0; pixel < pixels; pixel++) {
          for (let c = 0; c < channels; c++, place++) {
            data[place] = (data[place] - means[c]) * factors[c];
          }
        }
      };
    },
  });
}

function perChannel(name: string, values: readonly number[], channels: number): Float64Array {
  if (values.length === 1) return new Float64Array(channels).fill(values[0]);
  if (values.length === channels) return Float64Array.from(values);
  throw new ShapeError(
    `normalize: ${name} has ${values.length} numbers, but the images have ${channels} channels; give ` +
      'one number, or one for each channel.',
  );
}
