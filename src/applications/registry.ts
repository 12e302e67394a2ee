import { UnknownNameError } from '../core/errors.js';
import type { Shape } from '../core/shape.js';
import type { Model } from '../models/model.js';
import { cifarPlain, cifarResnet } from './cifar.js';
import { resnet50 } from './resnet50.js';
import { smallResnet } from './small-resnet.js';

/** A ready-made network. */
export interface Application {
  /** The name under which it is listed. */
  readonly name: string;
  /** What it is, in a few words. */
  readonly title: string;
  /** Makes the model for images of a shape [height, width, channels] and a number of classes. */
  build(options: { inputShape: Shape; classes: number }): Model;
}

const CIFAR_DEPTHS = [20, 32, 44, 56, 110];

const CIFAR_FAMILIES = [
  ['resnet-', '', 'shortcut A', cifarResnet, {}],
  ['resnet-', '-b', 'shortcut B', cifarResnet, { shortcut: 'B' }],
  ['resnet-', '-v2', 'pre-activation', cifarResnet, { version: 'v2' }],
  ['plain-', '', 'without shortcuts', cifarPlain, {}],
] as const;

/** The residual networks for small images and their plain twins. */
const cifarRows = CIFAR_FAMILIES.flatMap(([prefix, suffix, what, make, kind]) =>
  CIFAR_DEPTHS.map(
    (depth): Application => ({
      name: `${prefix}${depth}${suffix}`,
      title: `the paper's network of ${depth} layers for CIFAR, ${what}`,
      build: (options) => make({ ...options, ...kind, depth }),
    }),
  ),
);

const rows: readonly Application[] = [
  { name: 'resnet50', title: "the article's ResNet-50", build: resnet50 },
  {
    name: 'small-resnet',
    title: 'a residual network of 8 layers, for quick runs',
    build: smallResnet,
  },
  ...cifarRows,
];

/** The ready-made networks by name. */
export const applications: Readonly<Record<string, Application>> = Object.fromEntries(
  rows.map((row) => [row.name, row]),
);

/** Names by which some networks are known besides their own. */
const ALIASES: readonly (readonly [RegExp, string])[] = [[/^cifar-((resnet|plain)-\d+)/, '$1']];

/**
 * The ready-made network of this name; `cifar-resnet-20` is `resnet-20`.
 * @throws {UnknownNameError} when there is none.
 */
export function findApplication(name: string): Application {
  const known = ALIASES.reduce((text, [alias, meant]) => text.replace(alias, meant), name);
  if (Object.hasOwn(applications, known)) return applications[known];
  throw new UnknownNameError('model', name, Object.keys(applications));
}
