import { sizeOf } from '../../core/shape.js';
import type { OnnxNode } from '../../formats/onnx/onnx-model.js';
import { ONNX_TYPES } from '../../formats/onnx/onnx-model.js';
import type { SymbolicTensor } from '../../graph/symbolic-tensor.js';
import { Activation } from '../../layers/activation.js';
import type { ActivationName } from '../../layers/activations.js';
import { Add } from '../../layers/add.js';
import { AveragePooling2D } from '../../layers/average-pooling2d.js';
import { BatchNormalization } from '../../layers/batch-normalization.js';
import { Concatenate } from '../../layers/concatenate.js';
import { Conv2D } from '../../layers/conv2d.js';
import { Dense } from '../../layers/dense.js';
import { GlobalAveragePooling2D } from '../../layers/global-average-pooling2d.js';
import { GlobalMaxPooling2D } from '../../layers/global-max-pooling2d.js';
import type { Layer, LayerOptions } from '../../layers/layer.js';
import { MaxPooling2D } from '../../layers/max-pooling2d.js';
import { Multiply } from '../../layers/multiply.js';
import { Softmax } from '../../layers/softmax.js';
import { Subtract } from '../../layers/subtract.js';
import { ZeroPadding2D } from '../../layers/zero-padding2d.js';
import type { ImportRule, OnnxGraphReader } from './graph-reader.js';
import { asImage, shapeRules } from './import-shape-rules.js';
import { readWindow, requireWholeWindows, zerosAround } from './imported-padding.js';
import type { FileOrder, ImportedTensor } from './imported-value.js';

/** Our axis of each axis of an image in the file. */
const OUR_AXES = [0, 3, 1, 2] as const;

function produce(
  reader: OnnxGraphReader,
  node: OnnxNode,
  like: Partial<ImportedTensor>,
  tensor: SymbolicTensor,
): void {
  const { order = 'ours', nonNegative = false, flattened } = like;
  reader.set(node, { kind: 'tensor', tensor, order, nonNegative, flattened });
}

/** The axis of ours that an axis of the file is; negative ones count from the end. */
function ourAxis(reader: OnnxGraphReader, node: OnnxNode, x: ImportedTensor, axis: number): number {
  const rank = x.order === 'rows' ? 2 : x.tensor.shape.length;
  const positive = axis < 0 ? axis + rank : axis;
  if (positive < 0 || positive >= rank) throw reader.fail(node, `there is no axis ${axis}`);
  if (x.order === 'rows') return positive === 0 ? 0 : x.tensor.shape.length - 1;
  return x.order === 'nchw' ? OUR_AXES[positive] : positive;
}

/** A kernel [O, C, h, w] of the file as ours, [h, w, C, O]. */
function toHwio(w: Float32Array, [filters, channels, height, width]: readonly number[]) {
  const pixels = height * width;
  const out = new Float32Array(w.length);
  for (let filter = 0; filter < filters; filter++) {
    for (let channel = 0; channel < channels; channel++) {
      const from = (filter * channels + channel) * pixels;
      for (let pixel = 0; pixel < pixels; pixel++) {
        out[(pixel * channels + channel) * filters + filter] = w[from + pixel];
      }
    }
  }
  return out;
}

/**
 * Finds the constant that the only consumer of a node's output adds to each channel, so that it becomes
 * the layer's bias; that node is then done.
 */
function addedBias(
  reader: OnnxGraphReader,
  node: OnnxNode,
  channels: number,
  channelAxis: 'last' | 'image',
): Float32Array | undefined {
  const [output] = node.outputs;
  const next = reader.onlyConsumer(output);
  if (next?.opType !== 'Add' || next.domain !== '' || next.inputs.length !== 2) return undefined;
  const index = next.inputs[0] === output ? 1 : 0;
  const other = reader.find(next.inputs[index]);
  if (other?.kind !== 'constant') return undefined;
  const { dims } = other.array;
  const isBias =
    sizeOf(dims) === channels &&
    (channelAxis === 'last'
      ? dims[dims.length - 1] === channels
      : dims.length >= 3 && dims[dims.length - 3] === channels);
  if (!isBias) return undefined;
  reader.absorb(next, output);
  return reader.floats(next, index);
}

const conv: ImportRule = (reader, node) => {
  const x = asImage(reader, node, reader.tensor(node, 0));
  const { dims } = reader.constant(node, 1);
  if (dims.length !== 4) throw reader.fail(node, `its kernel has ${dims.length} axes, expected 4`);
  const [filters, , height, width] = dims;
  const window = readWindow(reader, node, x.tensor.sampleShape, [height, width]);
  if (window.size[0] !== height || window.size[1] !== width) {
    throw reader.fail(node, `its kernel is ${height}×${width}, but kernel_shape says otherwise`);
  }
  const biasName = node.inputs[2] ?? '';
  const own = biasName === '' ? undefined : reader.floats(node, 2);
  const bias = own ?? addedBias(reader, node, filters, 'image');
  const groups = reader.int(node, 'group', 1);
  const { size, strides, dilation, pads, padding } = window;
  const name = reader.nodeName(node);
  const padded = padding === undefined ? zerosAround(reader, x.tensor, pads, name) : x.tensor;
  const options = {
    filters,
    kernelSize: size,
    strides,
    padding: padding ?? ('valid' as const),
    dilationRate: dilation,
    groups,
    useBias: bias !== undefined,
  };
  const added = bias === own ? biasName : `+${node.outputs[0]}`;
  const key = JSON.stringify([node.opType, node.inputs[1], added, options]);
  const tensor = reader.shared(
    key,
    [padded],
    () => new Conv2D({ ...options, name }),
    () => [toHwio(reader.floats(node, 1), dims), ...(bias ? [bias] : [])],
  );
  produce(reader, node, { order: 'nchw' }, tensor);
};

const batchNormalization: ImportRule = (reader, node) => {
  if (reader.int(node, 'training_mode', 0) !== 0) {
    throw reader.fail(node, 'it is written for training; export the model in inference mode');
  }
  const given = reader.tensor(node, 0);
  const isImage = given.tensor.shape.length === 4;
  const x = isImage ? asImage(reader, node, given) : given;
  const isFeatures = x.order === 'rows' || (x.order === 'ours' && x.tensor.shape.length === 2);
  if (!isImage && (!isFeatures || x.flattened !== undefined)) {
    throw reader.fail(node, 'it normalises something else than images or features');
  }
  // Float32 in the file: 0.001 comes back as 0.0010000000474974513.
  const shorten = (value: number) => Number(value.toPrecision(7));
  const options = {
    epsilon: shorten(reader.float(node, 'epsilon', 1e-5)),
    momentum: shorten(reader.float(node, 'momentum', 0.9)),
  };
  // Writers store equal arrays once, and new normalisations are all equal: only those that follow the same
  // layer are one layer that was called several times.
  const key = JSON.stringify([node.opType, x.tensor.name, node.inputs.slice(1), options]);
  const channels = x.tensor.sampleShape.at(-1);
  const name = reader.nodeName(node);
  const tensor = reader.shared(
    key,
    [x.tensor],
    () => new BatchNormalization({ ...options, name }),
    () =>
      [1, 2, 3, 4].map((index) => {
        const values = reader.floats(node, index);
        if (values.length === channels) return values;
        throw reader.fail(node, `'${node.inputs[index]}' must hold ${channels} numbers`);
      }),
  );
  produce(reader, node, { order: x.order }, tensor);
};

/** Features [C, H, W] of each row as [H, W, C]. */
function permuteRows(w: Float32Array, units: number, image: readonly [number, number, number]) {
  const [channels, height, width] = image;
  const pixels = height * width;
  const out = new Float32Array(w.length);
  for (let channel = 0; channel < channels; channel++) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      const from = (channel * pixels + pixel) * units;
      out.set(w.subarray(from, from + units), (pixel * channels + channel) * units);
    }
  }
  return out;
}

function transpose(w: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(w.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++)
      out[column * rows + row] = w[row * columns + column];
  }
  return out;
}

const gemm: ImportRule = (reader, node) => {
  const x = reader.tensor(node, 0);
  const { dims } = reader.constant(node, 1);
  const isMatMul = node.opType === 'MatMul';
  const transB = reader.int(node, 'transB', 0) !== 0;
  const alpha = reader.float(node, 'alpha', 1);
  const beta = reader.float(node, 'beta', 1);
  if (reader.int(node, 'transA', 0) !== 0) throw reader.fail(node, 'transA has no form here');
  if (dims.length !== 2) throw reader.fail(node, 'its second operand is no matrix');
  const [features, units] = transB ? [dims[1], dims[0]] : dims;
  const rank = x.tensor.shape.length;
  if (x.order === 'nchw' || (rank !== 2 && x.order === 'ours' && !isMatMul)) {
    throw reader.fail(node, `it multiplies a tensor of ${rank} axes; flatten it first`);
  }
  const biasName = isMatMul ? '' : (node.inputs[2] ?? '');
  const scaled = (values: Float32Array, factor: number) =>
    factor === 1 ? values : values.map((value) => value * factor);
  const own = biasName === '' ? undefined : scaled(reader.floats(node, 2), beta);
  const bias = own ?? addedBias(reader, node, units, 'last');
  if (bias !== undefined && bias.length !== units) {
    throw reader.fail(node, `its bias holds ${bias.length} numbers, expected ${units}`);
  }
  const { flattened } = x;
  const kernel = () => {
    const stored = scaled(reader.floats(node, 1), alpha);
    const w = transB ? transpose(stored, units, features) : stored;
    return flattened === undefined ? w : permuteRows(w, units, flattened);
  };
  const added = bias === own ? biasName : `+${node.outputs[0]}`;
  const settings = [alpha, beta, transB, flattened];
  const key = JSON.stringify([node.opType, node.inputs[1], added, settings]);
  const name = reader.nodeName(node);
  const tensor = reader.shared(
    key,
    [x.tensor],
    () => new Dense({ units, useBias: bias !== undefined, name }),
    () => {
      if (x.tensor.sampleShape.at(-1) !== features) {
        throw reader.fail(
          node,
          `it expects ${features} features, got ${x.tensor.sampleShape.at(-1)}`,
        );
      }
      return [kernel(), ...(bias ? [bias] : [])];
    },
  );
  produce(reader, node, { order: x.order }, tensor);
};

const activation =
  (name: ActivationName, nonNegative: boolean): ImportRule =>
  (reader, node) => {
    const x = reader.tensor(node, 0);
    const layer = new Activation({ activation: name, name: reader.nodeName(node) });
    produce(reader, node, { ...x, nonNegative }, reader.connect(layer, [x.tensor]));
  };

const clip: ImportRule = (reader, node) => {
  const limit = (index: number, attribute: string, absent: number): number => {
    if (reader.find(node.inputs[index]) === undefined) return reader.float(node, attribute, absent);
    const values = reader.floats(node, index);
    return values.length === 1 ? values[0] : Number.NaN;
  };
  const [low, high] = [limit(1, 'min', -Infinity), limit(2, 'max', Infinity)];
  if (low !== 0 || high < 3e38) {
    throw reader.fail(node, `there is no layer here that clips to ${low} … ${high}`);
  }
  activation('relu', true)(reader, node);
};

const softmax: ImportRule = (reader, node) => {
  const x = reader.tensor(node, 0);
  const axis = reader.int(node, 'axis', reader.opset < 13 ? 1 : -1);
  const rank = x.tensor.shape.length;
  if (ourAxis(reader, node, x, axis) !== rank - 1 || (reader.opset < 13 && rank !== 2)) {
    throw reader.fail(node, 'it does not run over the channels');
  }
  const layer = new Softmax({ name: reader.nodeName(node) });
  produce(reader, node, { ...x, nonNegative: true }, reader.connect(layer, [x.tensor]));
};

/** Operands in one order of axes. */
function aligned(reader: OnnxGraphReader, node: OnnxNode): ImportedTensor[] {
  const tensors = node.inputs.map((_, i) => reader.tensor(node, i));
  const order: FileOrder = tensors.some((x) => x.order === 'nchw') ? 'nchw' : tensors[0].order;
  return tensors.map((x) => {
    const found = order === 'nchw' && x.order !== 'nchw' ? asImage(reader, node, x) : x;
    const fits =
      found.order === order &&
      String(found.flattened) === String(tensors[0].flattened ?? undefined);
    if (fits) return found;
    throw reader.fail(node, 'its operands have their axes in different orders');
  });
}

const merge =
  (layerClass: new (options: LayerOptions) => Layer, keepsSign: boolean): ImportRule =>
  (reader, node) => {
    const tensors = aligned(reader, node);
    const nonNegative = keepsSign && tensors.every((x) => x.nonNegative);
    const layer = new layerClass({ name: reader.nodeName(node) });
    const output = reader.connect(
      layer,
      tensors.map(({ tensor }) => tensor),
    );
    produce(reader, node, { ...tensors[0], nonNegative }, output);
  };

const concat: ImportRule = (reader, node) => {
  const tensors = aligned(reader, node);
  const axis = ourAxis(reader, node, tensors[0], reader.int(node, 'axis', 1));
  if (tensors[0].flattened !== undefined || tensors[0].order === 'rows') {
    throw reader.fail(node, 'it joins images that were flattened');
  }
  const nonNegative = tensors.every((x) => x.nonNegative);
  const { order } = tensors[0];
  if (tensors.length === 1) return produce(reader, node, { order, nonNegative }, tensors[0].tensor);
  const layer = new Concatenate({ axis, name: reader.nodeName(node) });
  const output = reader.connect(
    layer,
    tensors.map(({ tensor }) => tensor),
  );
  produce(reader, node, { order, nonNegative }, output);
};

const pool =
  (layerClass: typeof MaxPooling2D | typeof AveragePooling2D): ImportRule =>
  (reader, node) => {
    const isMax = layerClass === MaxPooling2D;
    const x = asImage(reader, node, reader.tensor(node, 0));
    const window = readWindow(reader, node, x.tensor.sampleShape);
    requireWholeWindows(reader, node, x.tensor, window);
    const { size, strides, dilation, pads } = window;
    if (dilation[0] !== 1 || dilation[1] !== 1) throw reader.fail(node, 'its window is dilated');
    if (node.outputs.slice(1).some((output) => output !== '')) {
      throw reader.fail(node, 'it also gives the places of the maxima');
    }
    const countsZeros = !isMax && reader.int(node, 'count_include_pad', 0) !== 0;
    const name = reader.nodeName(node);
    let { padding } = window;
    let image = x.tensor;
    if (padding === undefined || (padding === 'same' && countsZeros)) {
      // Zeros do not change the maximum of numbers that are not below zero.
      if (isMax ? !x.nonNegative : !countsZeros) {
        throw reader.fail(
          node,
          `its padding [${Object.values(pads).join(', ')}] is neither 'valid' nor 'same', and zeros would change the result`,
        );
      }
      image = zerosAround(reader, image, pads, name);
      padding = 'valid';
    }
    const layer = new layerClass({ poolSize: size, strides, padding, name });
    const { nonNegative } = x;
    produce(reader, node, { order: 'nchw', nonNegative }, reader.connect(layer, [image]));
  };

type GlobalPooling = typeof GlobalAveragePooling2D | typeof GlobalMaxPooling2D;

function poolWhole(
  reader: OnnxGraphReader,
  node: OnnxNode,
  layerClass: GlobalPooling,
  x: ImportedTensor,
  keepDims: boolean,
): void {
  const layer = new layerClass({ keepDims, name: reader.nodeName(node) });
  const order = keepDims ? x.order : 'ours';
  const { nonNegative } = x;
  produce(reader, node, { order, nonNegative }, reader.connect(layer, [x.tensor]));
}

/** Whether a node makes one row of a pooled image [N, C, 1, 1] and does nothing else. */
function isFlattening(node: OnnxNode | undefined): node is OnnxNode {
  return node?.domain === '' && ['Flatten', 'Squeeze', 'Reshape'].includes(node.opType);
}

const globalPool =
  (layerClass: GlobalPooling): ImportRule =>
  (reader, node) => {
    const x = asImage(reader, node, reader.tensor(node, 0));
    const next = reader.onlyConsumer(node.outputs[0]);
    if (!isFlattening(next)) return poolWhole(reader, node, layerClass, x, true);
    // The shape rule of the flattening node decides what becomes of it; rows of features stay as they are.
    poolWhole(reader, node, layerClass, x, next.opType !== 'Flatten');
  };

const reduce =
  (layerClass: GlobalPooling): ImportRule =>
  (reader, node) => {
    const x = reader.tensor(node, 0);
    const given =
      reader.ints(node, 'axes') ?? (node.inputs[1] ? reader.integers(node, 1) : undefined);
    const axes = given?.map((axis) => ourAxis(reader, node, x, axis)).sort((a, b) => a - b);
    if (x.tensor.shape.length !== 4 || axes?.join() !== '1,2') {
      throw reader.fail(node, 'it reduces something else than height and width of images');
    }
    poolWhole(reader, node, layerClass, x, reader.int(node, 'keepdims', 1) !== 0);
  };

const pad: ImportRule = (reader, node) => {
  const x = reader.tensor(node, 0);
  if (reader.text(node, 'mode', 'constant') !== 'constant') {
    throw reader.fail(node, 'it pads by something else than zeros');
  }
  const hasValue = reader.find(node.inputs[2]) !== undefined;
  const value = hasValue ? reader.floats(node, 2)[0] : reader.float(node, 'value', 0);
  if (value !== 0) throw reader.fail(node, `it pads by ${value}, expected 0`);
  const amounts = reader.ints(node, 'pads') ?? reader.integers(node, 1);
  const rank = x.tensor.shape.length;
  const axes =
    reader.find(node.inputs[3]) === undefined
      ? Array.from({ length: rank }, (_, axis) => axis)
      : reader.integers(node, 3);
  if (x.order === 'rows' || amounts.length !== 2 * axes.length || rank !== 4) {
    throw reader.fail(node, 'it pads something else than images');
  }
  const sides = Array.from({ length: 4 }, () => [0, 0] as [number, number]);
  axes.forEach((axis, i) => {
    sides[ourAxis(reader, node, x, axis)] = [amounts[i], amounts[axes.length + i]];
  });
  const [batch, rows, columns, channels] = sides;
  const isZero = (pair: readonly number[]) => pair.every((size) => size === 0);
  if (!isZero(batch)) throw reader.fail(node, 'it pads the batch');
  let { tensor } = x;
  const apply = (options: ConstructorParameters<typeof ZeroPadding2D>[0]) => {
    const layer = new ZeroPadding2D({ ...options, name: reader.nodeName(node) });
    tensor = reader.connect(layer, [tensor]);
  };
  if (isZero(channels)) apply({ padding: [rows, columns] });
  else {
    // Read as [N, C, H, W], our [N, H, W, C] has its columns and channels where the images are.
    apply({ padding: [columns, channels], dataFormat: 'channelsFirst' });
    if (!isZero(rows)) apply({ padding: [rows, [0, 0]] });
  }
  produce(reader, node, { ...x }, tensor);
};

const alias: ImportRule = (reader, node) => reader.set(node, reader.value(node, 0));

const cast: ImportRule = (reader, node) => {
  const value = reader.value(node, 0);
  if (value.kind === 'tensor' && reader.int(node, 'to', 0) !== ONNX_TYPES.float) {
    throw reader.fail(node, 'it casts to another type than float32');
  }
  reader.set(node, value);
};

/** How each operator of ONNX becomes layers. */
export const importRules: ReadonlyMap<string, ImportRule> = new Map<string, ImportRule>([
  ['Conv', conv],
  ['BatchNormalization', batchNormalization],
  ['Gemm', gemm],
  ['MatMul', gemm],
  ['Relu', activation('relu', true)],
  ['Sigmoid', activation('sigmoid', true)],
  ['Tanh', activation('tanh', false)],
  ['Clip', clip],
  ['Softmax', softmax],
  ['Add', merge(Add, true)],
  ['Sum', merge(Add, true)],
  ['Mul', merge(Multiply, true)],
  ['Sub', merge(Subtract, false)],
  ['MaxPool', pool(MaxPooling2D)],
  ['AveragePool', pool(AveragePooling2D)],
  ['GlobalAveragePool', globalPool(GlobalAveragePooling2D)],
  ['GlobalMaxPool', globalPool(GlobalMaxPooling2D)],
  ['ReduceMean', reduce(GlobalAveragePooling2D)],
  ['ReduceMax', reduce(GlobalMaxPooling2D)],
  ['Pad', pad],
  ['Identity', alias],
  ['Dropout', alias],
  ['Cast', cast],
  ...shapeRules(concat),
]);
