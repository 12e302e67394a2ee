import { UnknownNameError } from '../core/errors.js';
import type { Shape } from '../core/shape.js';
import type { Model } from '../models/model.js';
import { cifarPlain, cifarResnet } from './cifar.js';
import * as kerasApplications from './keras-applications.js';
import { resnet50 } from './resnet50.js';
import { smallResnet } from './small-resnet.js';
import * as torchvision from './torchvision.js';

/** A ready-made network. */
export interface Application {
  /** The name under which it is listed. */
  readonly name: string;
  /** What it is, in a few words. */
  readonly title: string;
  /** Names of further options of `build`. */
  readonly options: readonly string[];
  /** What those options are when they are left out, of all that are anything then. */
  readonly defaults: Readonly<Record<string, unknown>>;
  /** Makes the model for images of a shape [height, width, channels] and a number of classes. */
  build(options: { inputShape: Shape; classes: number; readonly [option: string]: unknown }): Model;
}

const OPTIONS = [
  'includeTop',
  'pooling',
  'classifierActivation',
  'initializer',
  'kernelRegularizer',
  'zeroInitResidual',
  'normalization',
];

const DEFAULTS = {
  includeTop: true,
  classifierActivation: 'softmax',
  zeroInitResidual: false,
  normalization: 'batch',
};

const HE_NORMAL = { initializer: 'heNormal' };
const GLOROT_UNIFORM = { initializer: 'glorotUniform' };

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
      options: [...OPTIONS, 'width'],
      defaults: { ...DEFAULTS, ...HE_NORMAL, width: 16 },
      build: (options) => make({ ...options, ...kind, depth }),
    }),
  ),
);

const torchvisionRows: readonly Application[] = [
  ['resnet-18', 'torchvision', torchvision.resnet18],
  ['resnet-34', 'torchvision', torchvision.resnet34],
  ['torchvision-resnet50', 'torchvision, "v1.5"', torchvision.resnet50],
  ['torchvision-resnet101', 'torchvision, "v1.5"', torchvision.resnet101],
  ['torchvision-resnet152', 'torchvision, "v1.5"', torchvision.resnet152],
  ['wide-resnet50-2', 'torchvision', torchvision.wide_resnet50_2],
  ['wide-resnet101-2', 'torchvision', torchvision.wide_resnet101_2],
  ['resnext50-32x4d', 'torchvision', torchvision.resnext50_32x4d],
  ['resnext101-32x8d', 'torchvision', torchvision.resnext101_32x8d],
  ['resnext101-64x4d', 'torchvision', torchvision.resnext101_64x4d],
  ['plain-18', 'the plain twin of resnet-18', torchvision.plain18],
  ['plain-34', 'the plain twin of resnet-34', torchvision.plain34],
].map(([name, title, build]) => {
  const defaults = { ...DEFAULTS, ...HE_NORMAL };
  return { name, title, options: OPTIONS, defaults, build } as Application;
});

const kerasRows: readonly Application[] = [
  ['keras-resnet50', 'ResNet50', kerasApplications.resNet50],
  ['keras-resnet101', 'ResNet101', kerasApplications.resNet101],
  ['keras-resnet152', 'ResNet152', kerasApplications.resNet152],
  ['keras-resnet50v2', 'ResNet50V2', kerasApplications.resNet50V2],
  ['keras-resnet101v2', 'ResNet101V2', kerasApplications.resNet101V2],
  ['keras-resnet152v2', 'ResNet152V2', kerasApplications.resNet152V2],
].map(([name, keras, build]) => {
  const title = `keras.applications.${keras}`;
  const defaults = { ...DEFAULTS, ...GLOROT_UNIFORM };
  return { name, title, options: OPTIONS, defaults, build } as Application;
});

const rows: readonly Application[] = [
  {
    name: 'resnet50',
    title: "the article's ResNet-50",
    options: ['stage3Strides', 'glorot', 'initializer'],
    defaults: { stage3Strides: 1, glorot: 'perLayer' },
    build: resnet50,
  },
  {
    name: 'small-resnet',
    title: 'a small residual network of basic blocks, for quick runs',
    options: ['filters', 'blocksPerStage', 'initializer'],
    defaults: { filters: [16, 32, 64], blocksPerStage: 1, ...HE_NORMAL },
    build: smallResnet,
  },
  ...cifarRows,
  ...torchvisionRows,
  ...kerasRows,
];

/** The ready-made networks by name. */
export const applications: Readonly<Record<string, Application>> = Object.fromEntries(
  rows.map((row) => [row.name, row]),
);

/** Names by which some networks are known besides their own. */
const ALIASES: readonly (readonly [RegExp, string])[] = [
  [/^cifar-((resnet|plain)-\d+)/, '$1'],
  [/^(torchvision-)?(resnet|plain)-?(18|34)$/, '$2-$3'],
  [/^torchvision-((wide|resnext).*)$/, '$1'],
  [/^wide_resnet(50|101)_2$/, 'wide-resnet$1-2'],
  [/^resnext(50|101)_(\d+x\dd)$/, 'resnext$1-$2'],
];

/**
 * The ready-made network of this name; `cifar-resnet-20` is `resnet-20`.
 * @throws {UnknownNameError} when there is none.
 */
export function findApplication(name: string): Application {
  const known = ALIASES.reduce((text, [alias, meant]) => text.replace(alias, meant), name);
  if (Object.hasOwn(applications, known)) return applications[known];
  throw new UnknownNameError('model', name, Object.keys(applications));
}
