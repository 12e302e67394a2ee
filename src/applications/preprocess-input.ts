import { ShapeError, UnknownNameError } from '../core/errors.js';
import { formatShape } from '../core/shape.js';

/**
 * How images become inputs. `caffe`: RGB to BGR, minus ImageNet's mean of each channel (ResNet50, 101 and
 * 152). `tf`: to [−1, 1] (the V2 networks). `torch`: to [0, 1], then minus mean, by deviation.
 */
export type PreprocessMode = 'caffe' | 'tf' | 'torch';

interface Scaling {
  /** Source channel of each channel. */
  readonly order: readonly number[];
  readonly divisor: number;
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

const KEPT = [0, 1, 2];
const ONES = [1, 1, 1];

const SCALINGS: Readonly<Record<PreprocessMode, Scaling>> = {
  caffe: { order: [2, 1, 0], divisor: 1, mean: [103.939, 116.779, 123.68], deviation: ONES },
  tf: { order: KEPT, divisor: 127.5, mean: ONES, deviation: ONES },
  torch: {
    order: KEPT,
    divisor: 255,
    mean: [0.485, 0.456, 0.406],
    deviation: [0.229, 0.224, 0.225],
  },
};

const CHANNELS = 3;

/**
 * `keras.applications.….preprocess_input`: makes images of pixels from 0 to 255, RGB, into what a network
 * of `kerasApplications` was trained on, in float32 arithmetic like Keras's, bit for bit.
 * @param images pixels `[..., 3]`, row-major; they are not changed.
 * @throws {ShapeError} unless the last axis has 3 channels. @throws {UnknownNameError} for another mode.
 */
export function preprocessInput(
  images: { readonly data: ArrayLike<number>; readonly shape: readonly number[] },
  options: { mode?: PreprocessMode } = {},
): { data: Float32Array; shape: number[] } {
  const { mode = 'caffe' } = options;
  if (!Object.hasOwn(SCALINGS, mode)) {
    throw new UnknownNameError('mode of preprocessInput', String(mode), Object.keys(SCALINGS));
  }
  const { data, shape } = images;
  if (shape[shape.length - 1] !== CHANNELS) {
    throw new ShapeError(
      `preprocessInput needs images [..., 3] of red, green and blue, got shape ${formatShape(shape)}`,
    );
  }
  const { order, divisor, mean, deviation } = SCALINGS[mode];
  const { fround } = Math;
  const result = new Float32Array(data.length);
  for (let i = 0; i < result.length; i++) {
    const channel = i % CHANNELS;
    const value = fround(data[i - channel + order[channel]]);
    const centred = fround(fround(value / divisor) - fround(mean[channel]));
    result[i] = centred / fround(deviation[channel]);
  }
  return { data: result, shape: [...shape] };
}
