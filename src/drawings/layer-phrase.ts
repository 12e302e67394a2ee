import type { Layer } from '../layers/layer.js';

/** What a layer does, as far as its colour in a drawing goes. */
export type LayerKind =
  | 'input'
  | 'convolution'
  | 'dense'
  | 'normalization'
  | 'activation'
  | 'pooling'
  | 'merge'
  | 'other';

type Config = Readonly<Record<string, unknown>>;

const kinds: readonly (readonly [RegExp, LayerKind])[] = [
  [/^InputLayer$/, 'input'],
  [/Conv/, 'convolution'],
  [/^Dense$/, 'dense'],
  [/Normalization$/, 'normalization'],
  [/^(Activation|ReLU|Softmax)$/, 'activation'],
  [/Pooling/, 'pooling'],
  [/^(Add|Subtract|Multiply|Concatenate)$/, 'merge'],
];

/** The kind of a class of layers; `other` for what has no colour of its own. */
export function layerKind(className: string): LayerKind {
  return kinds.find(([pattern]) => pattern.test(className))?.[1] ?? 'other';
}

/** `3×3` from a number or a pair. */
function size(value: unknown): string {
  if (Array.isArray(value)) return value.map(String).join('×');
  return typeof value === 'number' ? `${value}×${value}` : '?';
}

/** `, /2` where a layer strides. */
function stride(value: unknown): string {
  const steps = Array.isArray(value) ? value.map(Number) : [Number(value)];
  if (steps.every((step) => step === 1 || Number.isNaN(step))) return '';
  return steps.every((step) => step === steps[0]) ? `, /${steps[0]}` : `, /${steps.join('×')}`;
}

function activationName(value: unknown): string {
  return typeof value === 'string' && value !== 'linear' ? value : '';
}

function withActivation(text: string, config: Config): string {
  const name = activationName(config.activation);
  return name === '' ? text : `${text}, ${name}`;
}

function groups(value: unknown): string {
  return typeof value === 'number' && value > 1 ? `, ${value} groups` : '';
}

const pooling = (kind: string) => (config: Config) =>
  `${size(config.poolSize)} ${kind} pooling${stride(config.strides ?? config.poolSize)}`;

const phrases: Readonly<Record<string, (config: Config) => string>> = {
  InputLayer: () => 'input',
  Conv2D: (config) => {
    const text = `${size(config.kernelSize)} conv, ${config.filters}${groups(config.groups)}`;
    return withActivation(`${text}${stride(config.strides)}`, config);
  },
  Dense: (config) => withActivation(`dense, ${config.units}`, config),
  BatchNormalization: () => 'batch norm',
  Activation: (config) => activationName(config.activation) || 'linear',
  ReLU: () => 'relu',
  Softmax: () => 'softmax',
  MaxPooling2D: pooling('max'),
  AveragePooling2D: pooling('average'),
  GlobalAveragePooling2D: () => 'global average pooling',
  GlobalMaxPooling2D: () => 'global max pooling',
  ZeroPadding2D: () => 'zero padding',
  DropPath: ({ rate, per }) => `drop path ${rate}${per === 'batch' ? ' by batch' : ''}`,
  Dropout: (config) => `dropout ${config.rate}`,
  Flatten: () => 'flatten',
  Add: () => '+',
};

/** What a layer computes, in a few words: `3×3 conv, 64, /2`. Unknown classes give their name. */
export function layerPhrase(layer: Layer): string {
  const { className } = layer;
  if (!Object.hasOwn(phrases, className)) return className;
  return phrases[className](layer.getConfig());
}
