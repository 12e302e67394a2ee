import { UnknownNameError, ValueError } from '../../core/errors.js';
import type { Augmentation } from './augmentation.js';
import { colorJitter } from './color-jitter.js';
import { cutmix } from './cutmix.js';
import { cutout } from './cutout.js';
import { flip } from './flip.js';
import { mixup } from './mixup.js';
import { normalize } from './normalize.js';
import { padCrop } from './pad-crop.js';
import { randAugment } from './rand-augment.js';
import { randomErasing } from './random-erasing.js';
import { rotate } from './rotate.js';
import { shift } from './shift.js';
import { zoom } from './zoom.js';

interface Row {
  /** Checks the values of the options itself. */
  readonly make: (options: Record<string, never>) => Augmentation;
  readonly options: readonly string[];
}

const FILL = ['fillMode', 'fillValue'] as const;

/** Every augmentation that can be asked for by name. */
const rows: Readonly<Record<string, Row>> = {
  flip: { make: flip, options: ['horizontal', 'vertical', 'probability'] },
  padCrop: { make: padCrop, options: ['padding', ...FILL] },
  shift: { make: shift, options: ['width', 'height', ...FILL] },
  rotate: { make: rotate, options: ['degrees', ...FILL] },
  zoom: { make: zoom, options: ['range', ...FILL] },
  colorJitter: { make: colorJitter, options: ['brightness', 'contrast', 'saturation', 'hue'] },
  randAugment: { make: randAugment, options: ['operations', 'magnitude'] },
  randomErasing: { make: randomErasing, options: ['probability', 'scale', 'ratio', 'fillValue'] },
  cutout: { make: cutout, options: ['size', 'fillValue', 'probability'] },
  mixup: { make: mixup, options: ['alpha', 'probability'] },
  cutmix: { make: cutmix, options: ['alpha', 'probability'] },
  normalize: {
    make: (options) => normalize({ mean: 0, std: 1, ...options }),
    options: ['mean', 'std'],
  },
};

/** Names that {@link resolveAugmentation} accepts. */
export const augmentationNames: readonly string[] = Object.keys(rows);

/**
 * The augmentation that a description names, such as `{ "name": "padCrop", "padding": 4 }` of a run in
 * JSON: `resolveAugmentation('padCrop', { padding: 4 })`.
 * @throws {UnknownNameError} for a name or an option that is none. @throws {ValueError} for options out of
 * range.
 */
export function resolveAugmentation(
  name: string,
  options: Readonly<Record<string, unknown>> = {},
): Augmentation {
  if (!Object.hasOwn(rows, name))
    throw new UnknownNameError('augmentation', name, augmentationNames);
  const row = rows[name];
  for (const [option, value] of Object.entries(options)) {
    if (!row.options.includes(option)) {
      throw new UnknownNameError(`option of ${name}`, option, row.options);
    }
    if (value === null) throw new ValueError(`${name}: ${option} is null; leave it out instead.`);
  }
  return row.make({ ...options } as Record<string, never>);
}
