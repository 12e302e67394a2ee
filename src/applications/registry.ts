import { UnknownNameError } from '../core/errors.js';
import type { Shape } from '../core/shape.js';
import type { Model } from '../models/model.js';
import { resnet50 } from './resnet50.js';
import { smallResnet } from './small-resnet.js';

/** A ready-made network. */
export interface Application {
  /** What it is, in a few words. */
  readonly title: string;
  /** Makes the model for images of a shape [height, width, channels] and a number of classes. */
  build(options: { inputShape: Shape; classes: number }): Model;
}

/** The ready-made networks by name. */
export const applications: Readonly<Record<string, Application>> = {
  resnet50: { title: "the article's ResNet-50", build: resnet50 },
  'small-resnet': { title: 'a residual network of 8 layers, for quick runs', build: smallResnet },
};

/**
 * The ready-made network of this name.
 * @throws {UnknownNameError} when there is none.
 */
export function findApplication(name: string): Application {
  if (Object.hasOwn(applications, name)) return applications[name];
  throw new UnknownNameError('model', name, Object.keys(applications));
}
