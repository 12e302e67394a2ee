import type { CallNode } from '../graph/symbolic-tensor.js';
import type { Layer } from '../layers/layer.js';
import { type Padding, placeWindow } from '../ops/window.js';

type Pair = readonly [number, number];

/** What a convolution's config holds. */
export interface ConvolutionConfig {
  readonly filters: number;
  readonly kernelSize: Pair;
  readonly strides: Pair;
  readonly padding: Padding;
  readonly dilationRate: Pair;
  readonly groups: number;
  readonly activation: string;
  readonly useBias: boolean;
}

/** The config of a convolution. */
export function convolutionConfig(layer: Layer): ConvolutionConfig {
  return layer.getConfig() as unknown as ConvolutionConfig;
}

/** Pixels of zeros around an image. */
export interface EffectivePads {
  readonly rows: Pair;
  readonly columns: Pair;
}

/**
 * The zeros that a convolution sees around its image: those that it adds itself, on *same* as TensorFlow
 * places them, and those of a zero padding layer before it.
 * @param node a call of a convolution.
 */
export function effectivePads(node: CallNode): EffectivePads {
  const config = convolutionConfig(node.layer as Layer);
  const { kernelSize, strides, dilationRate, padding } = config;
  const [source] = node.inputs;
  const shape = [1, ...source.sampleShape];
  const window = { size: kernelSize, strides, dilation: dilationRate, padding };
  const place = placeWindow(shape, window, `layer '${node.layer.name}'`);
  const own = (axis: 0 | 1, out: number, before: number): Pair => {
    if (padding === 'valid') return [0, 0];
    const extent = (kernelSize[axis] - 1) * dilationRate[axis] + 1;
    return [before, Math.max((out - 1) * strides[axis] + extent - shape[axis + 1], 0) - before];
  };
  const rows = own(0, place.outHeight, place.padTop);
  const columns = own(1, place.outWidth, place.padLeft);
  const layer = source.node.layer as Layer;
  if (layer.className !== 'ZeroPadding2D') return { rows, columns };
  const zeros = layer.getConfig() as { padding: readonly [Pair, Pair]; dataFormat: string };
  if (zeros.dataFormat !== 'channelsLast') return { rows, columns };
  const sum = (a: Pair, b: Pair): Pair => [a[0] + b[0], a[1] + b[1]];
  return { rows: sum(rows, zeros.padding[0]), columns: sum(columns, zeros.padding[1]) };
}
