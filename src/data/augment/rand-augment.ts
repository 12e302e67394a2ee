import type { Augmentation } from './augmentation.js';
import { brighten, changeContrast, saturate } from './color-changes.js';
import { type ImageShape, imageAugmentation } from './image-stage.js';
import { numberOption, wholeOption } from './option-checks.js';
import { setRotation } from './rotate.js';
import { equalize, posterize, sharpen, solarize, stretchContrast } from './tone-changes.js';
import { identityMap, nearestWarp } from './warp.js';

/** Options of {@link randAugment}, with torchvision's defaults. */
export interface RandAugmentOptions {
  /** How many changes an image gets; default 2. */
  readonly operations?: number;
  /** Strength of each, from 0 to 30; default 9. */
  readonly magnitude?: number;
}

/** Names of the changes among which {@link randAugment} chooses, in the order of its draws. */
export const randAugmentChanges = [
  'identity',
  'shearX',
  'shearY',
  'translateX',
  'translateY',
  'rotate',
  'brightness',
  'color',
  'contrast',
  'sharpness',
  'posterize',
  'solarize',
  'autoContrast',
  'equalize',
] as const;

/** One of the changes of {@link randAugment}. */
export type RandAugmentChange = (typeof randAugmentChanges)[number];

const STRONGEST = 30;
const MOST_OPERATIONS = 14;
/** Largest shift as a share of the side: 150 pixels of the paper's 331. */
const LARGEST_SHIFT = 150 / 331;
const LARGEST_SHEAR = 0.3;
const LARGEST_ANGLE = 30;
const LARGEST_FACTOR = 0.9;
const LEVELS = 256;

/**
 * Gives each image some changes out of fourteen, all of the same strength. Source: Cubuk et al.,
 * "RandAugment" (2019); the changes and their strengths are torchvision's, with black from beyond the
 * border. Grey images keep their colour. Pixels are taken to lie in [0, 1].
 * @throws {ValueError} for options out of range.
 */
export function randAugment(options: RandAugmentOptions = {}): Augmentation {
  const what = 'randAugment';
  const operations = wholeOption(what, 'operations', options.operations ?? 2, 1, MOST_OPERATIONS);
  const magnitude = numberOption(what, 'magnitude', options.magnitude ?? 9, 0, STRONGEST);
  return imageAugmentation({
    name: what,
    config: { operations, magnitude },
    pixels: 'colours',
    prepare(shape) {
      const change = randAugmentChanger(shape);
      return (data, at, random) => {
        for (let i = 0; i < operations; i++) {
          const name = randAugmentChanges[random.integer(randAugmentChanges.length)];
          const sign = random.uniform() < 0.5 ? -1 : 1;
          change(data, at, name, magnitude / STRONGEST, sign);
        }
      };
    },
  });
}

/**
 * Does one of the changes to an image.
 * @param strength from 0 to 1. @param sign direction of those that have one.
 */
export type RandAugmentChanger = (
  data: Float32Array,
  at: number,
  name: RandAugmentChange,
  strength: number,
  sign: 1 | -1,
) => void;

/** Readies the changes for images of a shape. */
export function randAugmentChanger(shape: ImageShape): RandAugmentChanger {
  const { height, width, channels } = shape;
  const length = height * width * channels;
  const warp = nearestWarp(shape);
  const map = identityMap();
  const straight = identityMap();
  const copy = new Float32Array(length);
  const levels = new Int32Array(LEVELS);
  return (data, at, name, strength, sign) => {
    const factor = 1 + sign * LARGEST_FACTOR * strength;
    Object.assign(map, straight);
    switch (name) {
      case 'identity':
        return;
      case 'shearX':
        // About the upper left corner, which lies half a pixel before the first pixel's centre.
        map.xy = sign * LARGEST_SHEAR * strength;
        map.x0 = map.xy / 2;
        return warp(data, at, map);
      case 'shearY':
        map.yx = sign * LARGEST_SHEAR * strength;
        map.y0 = map.yx / 2;
        return warp(data, at, map);
      case 'translateX':
        map.x0 = -Math.trunc(sign * LARGEST_SHIFT * width * strength);
        return warp(data, at, map);
      case 'translateY':
        map.y0 = -Math.trunc(sign * LARGEST_SHIFT * height * strength);
        return warp(data, at, map);
      case 'rotate':
        setRotation(map, shape, sign * LARGEST_ANGLE * strength);
        return warp(data, at, map);
      case 'brightness':
        return brighten(data, at, length, factor);
      case 'color':
        return channels === 3 ? saturate(data, at, length, factor) : undefined;
      case 'contrast':
        return changeContrast(data, at, length, channels, factor);
      case 'sharpness':
        return sharpen(data, at, shape, factor, copy);
      case 'posterize':
        return posterize(data, at, length, 8 - Math.round(4 * strength));
      case 'solarize':
        return solarize(data, at, length, 1 - strength);
      case 'autoContrast':
        return stretchContrast(data, at, length, channels);
      case 'equalize':
        return equalize(data, at, length, channels, levels);
    }
  };
}
