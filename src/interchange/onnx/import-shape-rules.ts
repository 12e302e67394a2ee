import { sizeOf } from '../../core/shape.js';
import { ONNX_TYPES, type OnnxNode } from '../../formats/onnx/onnx-model.js';
import { Flatten } from '../../layers/flatten.js';
import { Reshape } from '../../layers/reshape.js';
import type { ImportRule, OnnxGraphReader } from './graph-reader.js';
import type { ImportedTensor } from './imported-value.js';

type Sizes = readonly (number | null)[];

const LONGEST_SHAPE = 64;

/** Whether an image has the same elements in the same order, channels first or last. */
function isFree([height, width, channels]: readonly number[]): boolean {
  return height * width === 1 || channels === 1;
}

/**
 * A tensor of the file as an image of ours.
 * @throws {FormatError} when it is none, or its axes are in another order than [N, C, H, W].
 */
export function asImage(
  reader: OnnxGraphReader,
  node: OnnxNode,
  x: ImportedTensor,
): ImportedTensor {
  const { sampleShape } = x.tensor;
  if (x.order === 'nchw') return x;
  const [channels, height, width] = sampleShape;
  if (x.order === 'ours' && sampleShape.length === 3 && isFree([height, width, channels])) {
    const name = reader.layerName(`${reader.nodeName(node)}_image`);
    const layer = new Reshape({ targetShape: [height, width, channels], name });
    return { ...x, order: 'nchw', tensor: reader.connect(layer, [x.tensor]) };
  }
  throw reader.fail(node, `it needs an image [N, C, H, W], got a tensor in another order of axes`);
}

/** Sizes of a tensor as the file sees them; null is the batch. */
function fileShape({ tensor, order }: ImportedTensor): Sizes {
  const { sampleShape } = tensor;
  if (order === 'rows') return [null, sampleShape[sampleShape.length - 1]];
  if (order === 'ours') return [null, ...sampleShape];
  const [height, width, channels] = sampleShape;
  return [null, channels, height, width];
}

function flattenImage(reader: OnnxGraphReader, node: OnnxNode, x: ImportedTensor): void {
  const { sampleShape } = x.tensor;
  if (sampleShape.length === 1) {
    reader.set(node, x);
    return;
  }
  const layer = new Flatten({ name: reader.nodeName(node) });
  const tensor = reader.connect(layer, [x.tensor]);
  const [height, width, channels] = sampleShape;
  const isReordered = x.order === 'nchw' && !isFree(sampleShape);
  reader.set(node, {
    kind: 'tensor',
    tensor,
    order: 'ours',
    nonNegative: x.nonNegative,
    flattened: isReordered ? [channels, height, width] : undefined,
  });
}

const flatten: ImportRule = (reader, node) => {
  const x = reader.tensor(node, 0);
  const axis = reader.int(node, 'axis', 1);
  const rank = fileShape(x).length;
  if (x.order === 'rows' || (axis !== 1 && axis !== 1 - rank)) {
    throw reader.fail(node, `it flattens from axis ${axis}, expected 1`);
  }
  flattenImage(reader, node, x);
};

/** The target of a reshaping without the batch; undefined when the batch does not stay the first axis. */
function resolveTarget(
  reader: OnnxGraphReader,
  target: Sizes,
  x: ImportedTensor,
): readonly number[] | undefined {
  const shape = fileShape(x);
  const [batch, ...rest] = target;
  const sizes = rest.map((size, i) => (size === 0 ? (shape[i + 1] ?? null) : size));
  const known = sizes.filter((size) => size !== -1);
  if (known.some((size) => size === null || size < 1)) return undefined;
  const total = sizeOf(x.tensor.sampleShape);
  const product = sizeOf(known as number[]);
  const isBatch =
    batch === null ||
    batch === 0 ||
    batch === -1 ||
    (batch !== undefined && reader.fixedBatches.has(batch));
  if (!isBatch) return undefined;
  const resolved = sizes.map((size) => (size === -1 ? total / product : (size as number)));
  return sizeOf(resolved) === total && resolved.every(Number.isInteger) ? resolved : undefined;
}

const reshape: ImportRule = (reader, node) => {
  const x = reader.tensor(node, 0);
  const target = reader.sizes(node, 1);
  const { tensor, order, nonNegative } = x;
  const { sampleShape } = tensor;
  const last = sampleShape[sampleShape.length - 1];
  const describe = () => `[${target.map((size) => size ?? 'N').join(', ')}]`;
  if (target.length > LONGEST_SHAPE) throw reader.fail(node, 'its shape is too long');
  if (order === 'ours' && sampleShape.length > 1 && target.length === 2 && target[1] === last) {
    if (sizeOf(sampleShape) !== last) return reader.set(node, { ...x, order: 'rows' });
  }
  if (order === 'rows') {
    const rest = target.slice(1);
    if (rest.length !== sampleShape.length || rest.some((size, i) => size !== sampleShape[i])) {
      throw reader.fail(node, `it reshapes rows to ${describe()}, which has no form here`);
    }
    return reader.set(node, { ...x, order: 'ours' });
  }
  const resolved = resolveTarget(reader, target, x);
  if (resolved === undefined) {
    throw reader.fail(
      node,
      `it reshapes [${fileShape(x)
        .map((d) => d ?? 'N')
        .join(', ')}] to ${describe()}, where the batch does not stay the first axis`,
    );
  }
  if (resolved.length === 1) return flattenImage(reader, node, x);
  if (resolved.join() === fileShape(x).slice(1).join()) return reader.set(node, x);
  if (x.flattened !== undefined || (order === 'nchw' && !isFree(sampleShape))) {
    throw reader.fail(node, `it reshapes an image to ${describe()}, which mixes its axes`);
  }
  const layer = new Reshape({ targetShape: resolved, name: reader.nodeName(node) });
  const made = reader.connect(layer, [tensor]);
  reader.set(node, { kind: 'tensor', tensor: made, order: 'ours', nonNegative });
};

const transpose: ImportRule = (reader, node) => {
  const x = reader.tensor(node, 0);
  const rank = fileShape(x).length;
  const perm = reader.ints(node, 'perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  const order = perm.join();
  if (perm.every((axis, i) => axis === i)) return reader.set(node, x);
  if (x.order === 'nchw' && order === '0,2,3,1') return reader.set(node, { ...x, order: 'ours' });
  if (x.order === 'ours' && rank === 4 && order === '0,3,1,2') {
    return reader.set(node, { ...x, order: 'nchw' });
  }
  throw reader.fail(node, `it orders axes as [${order}], which has no form here`);
};

/** Axes of a node, by attribute or, from operator set 13 on, by input. */
function axesOf(reader: OnnxGraphReader, node: OnnxNode): readonly number[] | undefined {
  return reader.ints(node, 'axes') ?? (node.inputs[1] ? reader.integers(node, 1) : undefined);
}

const squeeze: ImportRule = (reader, node) => {
  const value = reader.value(node, 0);
  if (value.kind === 'shape') return reader.set(node, value);
  const x = reader.tensor(node, 0);
  const shape = fileShape(x);
  const axes = axesOf(reader, node)?.map((axis) => (axis < 0 ? axis + shape.length : axis));
  const cut = axes ?? shape.flatMap((size, axis) => (size === 1 ? [axis] : []));
  if (cut.some((axis) => axis < 1 || shape[axis] !== 1)) {
    throw reader.fail(node, `it removes axes [${cut.join(', ')}], which are not of size 1`);
  }
  const rest = shape.flatMap((size, axis) => (axis === 0 || cut.includes(axis) ? [] : [size]));
  reshapeFreely(reader, node, x, rest as number[]);
};

const unsqueeze: ImportRule = (reader, node) => {
  const value = reader.value(node, 0);
  if (value.kind !== 'tensor') return reader.set(node, value);
  const shape = fileShape(value);
  const axes = axesOf(reader, node) ?? [];
  const rank = shape.length + axes.length;
  const added = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
  if (rank > 5 || added.has(0) || added.size !== axes.length) {
    throw reader.fail(node, `it adds axes [${axes.join(', ')}]`);
  }
  const rest = [...shape];
  const target: (number | null)[] = [];
  for (let axis = 0; axis < rank; axis++) target.push(added.has(axis) ? 1 : (rest.shift() ?? null));
  reshapeFreely(reader, node, value, target.slice(1) as number[]);
};

function reshapeFreely(
  reader: OnnxGraphReader,
  node: OnnxNode,
  x: ImportedTensor,
  target: readonly number[],
): void {
  const { sampleShape } = x.tensor;
  if (target.length === 1) {
    flattenImage(reader, node, x);
    return;
  }
  if (x.flattened || x.order === 'rows' || (x.order === 'nchw' && !isFree(sampleShape))) {
    throw reader.fail(node, 'it changes the axes of an image');
  }
  const layer = new Reshape({ targetShape: target, name: reader.nodeName(node) });
  const tensor = reader.connect(layer, [x.tensor]);
  reader.set(node, { kind: 'tensor', tensor, order: 'ours', nonNegative: x.nonNegative });
}

const constant: ImportRule = (reader, node) => {
  const tensor = node.attributes.get('value');
  if (tensor?.kind === 'tensor') return reader.set(node, { kind: 'constant', array: tensor.value });
  const number = node.attributes.get('value_float') ?? node.attributes.get('value_floats');
  if (number?.kind === 'float' || number?.kind === 'floats') {
    const floats = number.kind === 'float' ? [number.value] : number.value;
    const dims = number.kind === 'float' ? [] : [floats.length];
    const array = { name: node.outputs[0] ?? '', dims, type: ONNX_TYPES.float, floats };
    return reader.set(node, { kind: 'constant', array });
  }
  const integer = node.attributes.get('value_int') ?? node.attributes.get('value_ints');
  if (integer?.kind === 'int') return reader.set(node, { kind: 'shape', sizes: [integer.value] });
  if (integer?.kind === 'ints') return reader.set(node, { kind: 'shape', sizes: integer.value });
  throw reader.fail(node, 'its value is neither an array nor a number');
};

const shapeOf: ImportRule = (reader, node) => {
  const sizes = fileShape(reader.tensor(node, 0));
  const start = reader.int(node, 'start', 0);
  const end = reader.int(node, 'end', sizes.length);
  reader.set(node, { kind: 'shape', sizes: sizes.slice(start, end) });
};

const gather: ImportRule = (reader, node) => {
  const value = reader.value(node, 0);
  if (value.kind === 'tensor') throw reader.fail(node, 'it picks parts of a tensor');
  const sizes = reader.sizes(node, 0);
  const picked = reader.integers(node, 1).map((index) => sizes.at(index));
  if (picked.includes(undefined)) throw reader.fail(node, 'it picks what is not there');
  reader.set(node, { kind: 'shape', sizes: picked as (number | null)[] });
};

const slice: ImportRule = (reader, node) => {
  const value = reader.value(node, 0);
  if (value.kind === 'tensor')
    throw reader.fail(node, 'it cuts a tensor, for which there is no layer');
  const sizes = reader.sizes(node, 0);
  const [start] = reader.ints(node, 'starts') ?? reader.integers(node, 1);
  const [end] = reader.ints(node, 'ends') ?? reader.integers(node, 2);
  reader.set(node, { kind: 'shape', sizes: sizes.slice(start, end) });
};

/** Rules for operators that only move or name axes; lists of sizes are computed while reading. */
export function shapeRules(concatenateTensors: ImportRule): [opType: string, rule: ImportRule][] {
  const concat: ImportRule = (reader, node) => {
    const values = node.inputs.map((_, i) => reader.value(node, i));
    if (values.some(({ kind }) => kind === 'tensor')) return concatenateTensors(reader, node);
    const sizes = node.inputs.flatMap((_, i) => [...reader.sizes(node, i)]);
    if (sizes.length > LONGEST_SHAPE) throw reader.fail(node, 'its list of sizes is too long');
    reader.set(node, { kind: 'shape', sizes });
  };
  return [
    ['Concat', concat],
    ['Flatten', flatten],
    ['Reshape', reshape],
    ['Transpose', transpose],
    ['Squeeze', squeeze],
    ['Unsqueeze', unsqueeze],
    ['Constant', constant],
    ['Shape', shapeOf],
    ['Gather', gather],
    ['Slice', slice],
  ];
}
