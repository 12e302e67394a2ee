import { ValueError } from '../../core/errors.js';
import { sizeOf } from '../../core/shape.js';
import type { OnnxAttribute } from '../../formats/onnx/onnx-model.js';
import { affineOp } from '../../ops/affine.js';
import { batchNormOp } from '../../ops/batch-norm.js';
import { biasAddOp } from '../../ops/bias-add.js';
import { binaryOp } from '../../ops/binary.js';
import { embedOp, sliceOp } from '../../ops/box-copy.js';
import { broadcastToOp } from '../../ops/broadcast-to.js';
import { concatenateOp } from '../../ops/concatenate.js';
import { type Conv2dOptions, conv2dOp } from '../../ops/conv2d.js';
import type { OpDefinition, Operands, Value } from '../../ops/ir.js';
import { matmulOp } from '../../ops/matmul.js';
import { averagePoolOp, maxPoolOp, type Pool2dOptions } from '../../ops/pool2d.js';
import { reduceOp } from '../../ops/reduce.js';
import { reshapeOp } from '../../ops/reshape.js';
import { softmaxOp } from '../../ops/softmax.js';
import { stopGradientOp } from '../../ops/stop-gradient.js';
import { unaryOp } from '../../ops/unary.js';
import { type Pads, placeWindow, type Window } from '../../ops/window.js';
import { type AxisOrder, float, int, ints, type OnnxGraphBuilder } from './graph-builder.js';
import type { TracedOperation } from './trace-inference.js';

/** A convolution that was written, so that a bias, a normalisation or padding can still join it. */
interface WrittenConv {
  readonly x: Value;
  readonly w: Value;
  readonly options: Conv2dOptions;
  readonly bias?: Value;
}

/** A normalisation by fixed statistics as a factor and an offset of each filter. */
interface Folded {
  readonly scales: () => Promise<Float32Array>;
  readonly offsets: () => Promise<Float32Array>;
}

interface WrittenMatmul {
  readonly inputs: readonly [string, string];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** What the rules remember while a model is written. */
export interface ExportState {
  readonly builder: OnnxGraphBuilder;
  readonly foldBatchNorm: boolean;
  readonly convs: Map<Value, WrittenConv>;
  readonly matmuls: Map<Value, WrittenMatmul>;
  /** Kernels that are in the file already, in ONNX's order of axes. */
  readonly kernels: Map<Value, string>;
  /** Zeros around images: what was padded, and by how much. */
  readonly pads: Map<Value, { readonly x: Value; readonly pads: Pads }>;
}

interface RuleScope<A> extends ExportState {
  readonly inputs: Operands;
  readonly outputs: Operands;
  readonly attributes: A;
  readonly other: A;
  readonly source: string;
}

type Rule<A> = (scope: RuleScope<A>) => void;

const rules = new Map<OpDefinition<never>, Rule<never>>();

function rule<A>(definition: OpDefinition<A>, write: Rule<A>): void {
  rules.set(definition as OpDefinition<never>, write as Rule<never>);
}

/**
 * Writes one operation.
 * @throws {ValueError} naming the layer when ONNX has no form of it here.
 */
export function writeOperation(operation: TracedOperation, state: ExportState): void {
  const { definition, inputs, outputs, attributes, otherAttributes: other, source } = operation;
  const write = rules.get(definition as OpDefinition<never>) as Rule<unknown> | undefined;
  if (write === undefined) {
    throw new ValueError(
      `layer '${source}' computes '${definition.name}', which has no ONNX form here; leave the layer out of what is exported`,
    );
  }
  state.builder.source = source;
  write({ ...state, inputs, outputs, attributes, other, source });
}

/** One node over operands in the order of axes that suits them. */
function elementwise(
  { builder, outputs }: RuleScope<unknown>,
  opType: string,
  operands: readonly Value[],
): void {
  const order = builder.commonOrder(operands);
  const names = operands.map((value) => builder.get(value, order));
  builder.set(outputs.y, builder.node(opType, names), order);
}

function requireSame(scope: RuleScope<unknown>, a: number, b: number): void {
  if (a === b) return;
  throw new ValueError(
    `layer '${scope.source}' computes with the size of the batch, so it cannot be written for a batch of any size`,
  );
}

rule(affineOp, (scope) => {
  const { builder, inputs, outputs, attributes, other } = scope;
  const { scale, offset } = attributes;
  requireSame(scope, scale, other.scale);
  requireSame(scope, offset, other.offset);
  const order = builder.orderOf(inputs.x);
  let name = builder.get(inputs.x, order);
  if (scale !== 1) name = builder.node('Mul', [name, builder.scalar(scale)]);
  if (offset !== 0) name = builder.node('Add', [name, builder.scalar(offset)]);
  builder.set(outputs.y, name, order);
});

const BINARY = { add: 'Add', subtract: 'Sub', multiply: 'Mul', divide: 'Div' } as const;

rule(binaryOp, (scope) => {
  elementwise(scope, BINARY[scope.attributes.fn], [scope.inputs.a, scope.inputs.b]);
});

const UNARY: Partial<Record<string, string>> = {
  relu: 'Relu',
  sigmoid: 'Sigmoid',
  tanh: 'Tanh',
  exp: 'Exp',
  log: 'Log',
  sqrt: 'Sqrt',
  abs: 'Abs',
  negate: 'Neg',
};

rule(unaryOp, (scope) => {
  const { inputs, attributes, source } = scope;
  const { fn } = attributes;
  if (fn === 'square') return elementwise(scope, 'Mul', [inputs.x, inputs.x]);
  const opType = UNARY[fn];
  if (opType !== undefined) return elementwise(scope, opType, [inputs.x]);
  throw new ValueError(`layer '${source}' computes '${fn}', which has no ONNX form here`);
});

/** A kernel [h, w, C / groups, O] as ONNX stores it, [O, C / groups, h, w], each O times its scale. */
function toOihw(w: Float32Array, shape: readonly number[], scales?: Float32Array): Float32Array {
  const [height, width, channels, filters] = shape;
  const pixels = height * width;
  const out = new Float32Array(w.length);
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < channels; channel++) {
      const row = (pixel * channels + channel) * filters;
      for (let filter = 0; filter < filters; filter++) {
        const value = scales === undefined ? w[row + filter] : w[row + filter] * scales[filter];
        out[(filter * channels + channel) * pixels + pixel] = value;
      }
    }
  }
  return out;
}

/** ONNX's attributes of a window over x, with explicit padding. */
function windowAttributes(x: Value, window: Window): Record<string, OnnxAttribute> {
  const { size, strides, dilation } = window;
  const place = placeWindow(x.shape, window, 'a window');
  const explicit = typeof window.padding === 'string' ? undefined : window.padding;
  /** Zeros after the image, such that as many windows fit as ours. */
  const after = (axis: 0 | 1, out: number, before: number): number => {
    const extent = (size[axis] - 1) * dilation[axis] + 1;
    return Math.max(0, (out - 1) * strides[axis] + extent - before - x.shape[axis + 1]);
  };
  const pads = explicit
    ? [explicit.top, explicit.left, explicit.bottom, explicit.right]
    : [
        place.padTop,
        place.padLeft,
        after(0, place.outHeight, place.padTop),
        after(1, place.outWidth, place.padLeft),
      ];
  return { kernel_shape: ints(size), strides: ints(strides), pads: ints(pads) };
}

/** A kernel in ONNX's order of axes, each filter times its scale. */
function kernelOf({ builder, kernels }: ExportState, w: Value, folded?: Folded): string {
  const known = folded === undefined ? kernels.get(w) : undefined;
  if (known !== undefined) return known;
  const [height, width, channels, filters] = w.shape;
  const weight = builder.weightOf(w);
  if (weight === undefined) {
    return builder.node('Transpose', [builder.get(w, 'ours')], { perm: ints([3, 2, 0, 1]) });
  }
  const dims = [filters, channels, height, width];
  const kernel = builder.floats(builder.nameOf(w), dims, async () =>
    toOihw(await weight(), w.shape, await folded?.scales()),
  );
  if (folded === undefined) kernels.set(w, kernel);
  return kernel;
}

/** Writes a convolution, with a normalisation folded into it where there is one. */
function writeConv(state: ExportState, y: Value, conv: WrittenConv, folded?: Folded): void {
  const { builder, convs } = state;
  const { w, options, bias } = conv;
  const padded = state.pads.get(conv.x);
  const joins = padded !== undefined && options.padding === 'valid';
  const x = joins ? padded.x : conv.x;
  const padding = joins ? padded.pads : options.padding;
  const { strides, dilation, groups } = options;
  const [height, width, , filters] = w.shape;
  const names = [builder.get(x, 'nchw'), kernelOf(state, w, folded)];
  if (folded !== undefined) {
    names.push(builder.floats(`${builder.source}/bias`, [filters], folded.offsets));
  } else if (bias !== undefined) names.push(builder.get(bias, 'ours'));
  const name = builder.node('Conv', names, {
    ...windowAttributes(x, { size: [height, width], strides, dilation, padding }),
    dilations: ints(dilation),
    group: int(groups),
  });
  builder.set(y, name, 'nchw');
  if (folded === undefined) convs.set(y, conv);
}

rule(conv2dOp, (scope) => {
  const { inputs, outputs, attributes } = scope;
  writeConv(scope, outputs.y, { x: inputs.x, w: inputs.w, options: attributes });
});

rule(matmulOp, ({ builder, matmuls, inputs, outputs, attributes }) => {
  const { transposeA, transposeB } = attributes;
  const names = [builder.get(inputs.a, 'ours'), builder.get(inputs.b, 'ours')] as const;
  const flags = { transA: int(Number(transposeA)), transB: int(Number(transposeB)) };
  matmuls.set(outputs.c, { inputs: names, attributes: flags });
  builder.set(outputs.c, builder.node('Gemm', names, flags), 'ours');
});

rule(biasAddOp, (scope) => {
  const { builder, convs, matmuls, inputs, outputs } = scope;
  const { x, bias } = inputs;
  const values = builder.weightOf(bias);
  const conv = convs.get(x);
  if (conv !== undefined && conv.bias === undefined && values && builder.uses(x) === 1) {
    return writeConv(scope, outputs.y, { ...conv, bias });
  }
  const matmul = matmuls.get(x);
  if (matmul !== undefined && builder.uses(x) === 1) {
    const names = [...matmul.inputs, builder.get(bias, 'ours')];
    return builder.set(outputs.y, builder.node('Gemm', names, matmul.attributes), 'ours');
  }
  const order = builder.orderOf(x);
  const channels = bias.shape[0];
  let name: string;
  if (order === 'ours') name = builder.get(bias, 'ours');
  else if (values !== undefined)
    name = builder.floats(`${scope.source}/bias`, [channels, 1, 1], values);
  else {
    const shape = builder.integers('shape', [channels, 1, 1]);
    name = builder.node('Reshape', [builder.get(bias, 'ours'), shape]);
  }
  builder.set(outputs.y, builder.node('Add', [builder.get(x, order), name]), order);
});

/** The factor and the offset that a normalisation comes to, behind a bias. */
function foldedNormalization(scope: RuleScope<{ epsilon: number }>, bias?: Value): Folded {
  const { builder, inputs, attributes, source } = scope;
  const channels = inputs.movingMean.shape[0];
  const read = async (value: Value | undefined, absent: number): Promise<Float32Array> => {
    if (value === undefined) return new Float32Array(channels).fill(absent);
    const weight = builder.weightOf(value);
    if (weight !== undefined) return weight();
    throw new ValueError(`layer '${source}' normalises by numbers that are computed`);
  };
  const scales = async () => {
    const gamma = await read(inputs.gamma, 1);
    const variance = await read(inputs.movingVariance, 1);
    return Float64Array.from(gamma, (g, i) => g / Math.sqrt(variance[i] + attributes.epsilon));
  };
  return {
    scales: async () => Float32Array.from(await scales()),
    async offsets() {
      const factors = await scales();
      const beta = await read(inputs.beta, 0);
      const mean = await read(inputs.movingMean, 0);
      const added = await read(bias, 0);
      return Float32Array.from(beta, (b, i) => b + (added[i] - mean[i]) * factors[i]);
    },
  };
}

rule(batchNormOp, (scope) => {
  const { builder, convs, foldBatchNorm, inputs, outputs, attributes } = scope;
  const { x, movingMean } = inputs;
  const channels = movingMean.shape[0];
  const conv = convs.get(x);
  const isWeight = conv !== undefined && builder.weightOf(conv.w) !== undefined;
  if (foldBatchNorm && isWeight && builder.uses(x) === 1) {
    return writeConv(scope, outputs.y, conv, foldedNormalization(scope, conv.bias));
  }
  const rank = x.shape.length;
  const order: AxisOrder = rank === 4 ? 'nchw' : 'ours';
  const isRows = rank !== 2 && rank !== 4;
  const source = builder.get(x, order);
  const parameter = (value: Value | undefined, name: string, absent: number) =>
    value === undefined
      ? builder.floats(`${scope.source}/${name}`, [channels], () =>
          new Float32Array(channels).fill(absent),
        )
      : builder.get(value, 'ours');
  const names = [
    isRows ? builder.node('Reshape', [source, builder.integers('rows', [-1, channels])]) : source,
    parameter(inputs.gamma, 'gamma', 1),
    parameter(inputs.beta, 'beta', 0),
    builder.get(movingMean, 'ours'),
    builder.get(inputs.movingVariance, 'ours'),
  ];
  const { epsilon, momentum } = attributes;
  const settings = { epsilon: float(epsilon), momentum: float(momentum) };
  const normal = builder.node('BatchNormalization', names, settings);
  if (!isRows) return builder.set(outputs.y, normal, order);
  const shape = builder.integers('shape', builder.reshapeTarget(outputs.y));
  builder.set(outputs.y, builder.node('Reshape', [normal, shape]), 'ours');
});

rule(reshapeOp, ({ builder, inputs, outputs }) => {
  const shape = builder.integers('shape', builder.reshapeTarget(outputs.y));
  builder.set(outputs.y, builder.node('Reshape', [builder.elements(inputs.x), shape]), 'ours');
});

rule(stopGradientOp, ({ builder, inputs, outputs }) => {
  const order = builder.orderOf(inputs.x);
  builder.set(outputs.y, builder.get(inputs.x, order), order);
});

rule(reduceOp, (scope) => {
  const { builder, inputs, outputs, attributes, other } = scope;
  const { from, to, keepDims, scale } = attributes;
  requireSame(scope, scale, other.scale);
  const { x } = inputs;
  const isMean = scale === 1 / sizeOf(x.shape.slice(from, to + 1));
  if (isMean && x.shape.length === 4 && from === 1 && to === 2) {
    const pooled = builder.node('GlobalAveragePool', [builder.get(x, 'nchw')]);
    if (keepDims) return builder.set(outputs.y, pooled, 'nchw');
    return builder.set(outputs.y, builder.node('Flatten', [pooled], { axis: int(1) }), 'ours');
  }
  const order: AxisOrder = keepDims ? builder.orderOf(x) : 'ours';
  const axes = Array.from({ length: to - from + 1 }, (_, i) => builder.axis(from + i, order));
  const keepdims = int(Number(keepDims));
  const source = builder.get(x, order);
  if (isMean && scale !== 1) {
    const name = builder.node('ReduceMean', [source], { axes: ints(axes), keepdims });
    return builder.set(outputs.y, name, order);
  }
  let name = builder.node('ReduceSum', [source, builder.integers('axes', axes)], { keepdims });
  if (scale !== 1) name = builder.node('Mul', [name, builder.scalar(scale)]);
  builder.set(outputs.y, name, order);
});

rule(softmaxOp, ({ builder, inputs, outputs }) => {
  const order = builder.orderOf(inputs.x);
  const axis = int(builder.axis(inputs.x.shape.length - 1, order));
  builder.set(outputs.y, builder.node('Softmax', [builder.get(inputs.x, order)], { axis }), order);
});

rule(concatenateOp, ({ builder, inputs, outputs, attributes }) => {
  const values = Object.keys(inputs).map((_, i) => inputs[`x${i}`]);
  const order = builder.commonOrder(values);
  const names = values.map((value) => builder.get(value, order));
  const axis = int(builder.axis(attributes.axis, order));
  builder.set(outputs.y, builder.node('Concat', names, { axis }), order);
});

rule(sliceOp, ({ builder, inputs, outputs, attributes }) => {
  const { begin, size, strides } = attributes;
  const order = builder.orderOf(inputs.x);
  const cut = begin.flatMap((start, axis) => {
    const whole = start === 0 && strides[axis] === 1 && size[axis] === inputs.x.shape[axis];
    return whole ? [] : [axis];
  });
  if (cut.length === 0) return builder.set(outputs.y, builder.get(inputs.x, order), order);
  const list = (name: string, pick: (axis: number) => number) =>
    builder.integers(name, cut.map(pick));
  const name = builder.node('Slice', [
    builder.get(inputs.x, order),
    list('starts', (axis) => begin[axis]),
    list('ends', (axis) => begin[axis] + (size[axis] - 1) * strides[axis] + 1),
    list('axes', (axis) => builder.axis(axis, order)),
    list('steps', (axis) => strides[axis]),
  ]);
  builder.set(outputs.y, name, order);
});

rule(embedOp, (scope) => {
  const { builder, pads, inputs, outputs, attributes, source } = scope;
  const { begin, size, strides, target } = attributes;
  if (strides.some((stride) => stride !== 1)) {
    throw new ValueError(
      `layer '${source}' puts zeros between values, which has no ONNX form here`,
    );
  }
  const { x } = inputs;
  const order: AxisOrder = x.shape.length === 4 ? 'nchw' : 'ours';
  const after = target.map((d, axis) => d - size[axis] - begin[axis]);
  const amounts = [...builder.permute(begin, order), ...builder.permute(after, order)];
  const name = builder.node('Pad', [builder.get(x, order), builder.integers('pads', amounts)]);
  builder.set(outputs.y, name, order);
  const [, top, left, channelsBefore] = begin;
  const [, bottom, right, channelsAfter] = after;
  if (x.shape.length !== 4 || channelsBefore + channelsAfter > 0) return;
  pads.set(outputs.y, { x, pads: { top, bottom, left, right } });
});

rule(broadcastToOp, ({ builder, inputs, outputs, source }) => {
  const from = builder.shapeOf(inputs.x);
  const target = builder.shapeOf(outputs.y).map((size, axis) => {
    if (typeof size === 'number') return size;
    if (typeof from[axis] !== 'number') return 1;
    throw new ValueError(`layer '${source}' repeats a value along the batch`);
  });
  const shape = builder.integers('shape', target);
  builder.set(outputs.y, builder.node('Expand', [builder.get(inputs.x, 'ours'), shape]), 'ours');
});

function writePool(opType: string, extra: Readonly<Record<string, OnnxAttribute>>) {
  return ({ builder, inputs, outputs, attributes }: RuleScope<Pool2dOptions>): void => {
    const { poolSize, strides, padding } = attributes;
    const window = { size: poolSize, strides, dilation: [1, 1] as const, padding };
    const name = builder.node(opType, [builder.get(inputs.x, 'nchw')], {
      ...windowAttributes(inputs.x, window),
      ...extra,
    });
    builder.set(outputs.y, name, 'nchw');
  };
}

rule(maxPoolOp, writePool('MaxPool', {}));
rule(averagePoolOp, writePool('AveragePool', { count_include_pad: int(0) }));
