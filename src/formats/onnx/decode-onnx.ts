import { FormatError } from '../../core/errors.js';
import {
  type ProtobufField,
  readFields,
  readIntegers,
  readText,
} from '../protobuf/protobuf-reader.js';
import { WIRE } from '../protobuf/protobuf-writer.js';
import type {
  OnnxAttribute,
  OnnxDimension,
  OnnxGraph,
  OnnxModel,
  OnnxNode,
  OnnxTensor,
  OnnxValue,
} from './onnx-model.js';

/** More arrays, inputs or attributes than any real network has. */
const MOST_ENTRIES = 100_000;
/** More nodes than the deepest residual networks have. */
const MOST_NODES = 25_000;
const MOST_DIMENSIONS = 32;
/** Longest list of numbers in an attribute or a shape constant. */
const LONGEST_LIST = 2 ** 26;
const LARGEST_SIZE = 2 ** 40;

/**
 * Reads an ONNX file that nobody has vouched for. Content of arrays is viewed, not copied; subgraphs are
 * noticed and not read, so nothing recurses; external data is noted by name and never opened.
 * @throws {FormatError} when the bytes are no such file, or a list is longer than any network needs.
 */
export function decodeOnnx(bytes: Uint8Array, source: string): OnnxModel {
  let irVersion = 0;
  let producer = '';
  let opset = 0;
  let graph: OnnxGraph | undefined;
  let hasFunctions = false;
  const domains = new Map<string, number>();
  for (const field of readFields(bytes, source)) {
    if (field.number === 1) irVersion = integer(field, 'the IR version', source);
    else if (field.number === 2) producer = readText(field, source);
    else if (field.number === 3) producer = `${producer} ${readText(field, source)}`.trim();
    else if (field.number === 7) graph = decodeGraph(field.bytes, source);
    else if (field.number === 8) {
      const { domain, version } = decodeOpset(field.bytes, source);
      if (domain === '' || domain === 'ai.onnx') opset = version;
      else domains.set(domain, version);
    } else if (field.number === 25) hasFunctions = true;
  }
  if (graph === undefined) throw new FormatError(`${source} is no ONNX file: it holds no graph`);
  return { irVersion, producer, opset, domains, graph, hasFunctions };
}

/** Whether the bytes look like an ONNX file: a protobuf message with the fields of one, a graph among them. */
export function looksLikeOnnx(bytes: Uint8Array): boolean {
  if (bytes.length < 8) return false;
  let hasGraph = false;
  try {
    for (const { number, wire } of readFields(bytes, '')) {
      const expected = number === 1 || number === 5 ? WIRE.varint : WIRE.bytes;
      if (number > 25 || wire !== expected) return false;
      if (number === 7) hasGraph = true;
    }
  } catch {
    return false;
  }
  return hasGraph;
}

function integer(field: ProtobufField, what: string, source: string): number {
  if (field.wire !== WIRE.varint) {
    throw new FormatError(`${source} is damaged: ${what} is no integer`);
  }
  return safe(field.integer, what, source);
}

function safe(value: bigint, what: string, source: string): number {
  const number = Number(value);
  // Slices of torch.onnx.export end at 2⁶³ − 1, which means the end.
  if (Number.isSafeInteger(number)) return number;
  if (value > 0n) return Number.MAX_SAFE_INTEGER;
  if (value < 0n) return Number.MIN_SAFE_INTEGER;
  throw new FormatError(`${source} is damaged: ${what} is out of range`);
}

function add<T>(list: T[], value: T, what: string, source: string, most = MOST_ENTRIES): void {
  if (list.length >= most) throw new FormatError(`${source} holds more than ${most} ${what}`);
  list.push(value);
}

function decodeOpset(bytes: Uint8Array, source: string): { domain: string; version: number } {
  let domain = '';
  let version = 0;
  for (const field of readFields(bytes, `${source}: an operator set`)) {
    if (field.number === 1) domain = readText(field, source);
    if (field.number === 2) version = integer(field, 'the version of an operator set', source);
  }
  return { domain, version };
}

function decodeGraph(bytes: Uint8Array, source: string): OnnxGraph {
  let name = '';
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  const inputs: OnnxValue[] = [];
  const outputs: OnnxValue[] = [];
  for (const field of readFields(bytes, `${source}: the graph`)) {
    if (field.number === 1)
      add(nodes, decodeNode(field.bytes, source), 'nodes', source, MOST_NODES);
    else if (field.number === 2) name = readText(field, source);
    else if (field.number === 5) {
      add(initializers, decodeTensor(field.bytes, source), 'arrays', source);
    } else if (field.number === 11) {
      add(inputs, decodeValue(field.bytes, source), 'inputs', source);
    } else if (field.number === 12) {
      add(outputs, decodeValue(field.bytes, source), 'outputs', source);
    } else if (field.number === 15) {
      throw new FormatError(`${source} holds sparse arrays, which are not supported`);
    }
  }
  return { name, nodes, initializers, inputs, outputs };
}

function decodeNode(bytes: Uint8Array, source: string): OnnxNode {
  const what = `${source}: a node`;
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, OnnxAttribute>();
  let [name, opType, domain] = ['', '', ''];
  for (const field of readFields(bytes, what)) {
    if (field.number === 1) add(inputs, readText(field, what), 'inputs of a node', source);
    else if (field.number === 2) add(outputs, readText(field, what), 'outputs of a node', source);
    else if (field.number === 3) name = readText(field, what);
    else if (field.number === 4) opType = readText(field, what);
    else if (field.number === 5) {
      const { key, attribute } = decodeAttribute(field.bytes, `${source}: node '${name}'`);
      if (attributes.size < MOST_ENTRIES) attributes.set(key, attribute);
    } else if (field.number === 7) domain = readText(field, what);
  }
  if (domain === 'ai.onnx') domain = '';
  return { name, opType, domain, inputs, outputs, attributes };
}

function decodeAttribute(
  bytes: Uint8Array,
  source: string,
): { key: string; attribute: OnnxAttribute } {
  let key = '';
  let attribute: OnnxAttribute = { kind: 'unread', value: 'nothing' };
  const ints: number[] = [];
  const floats: number[] = [];
  for (const field of readFields(bytes, `${source}: an attribute`)) {
    const what = `attribute '${key}'`;
    if (field.number === 1) key = readText(field, source);
    else if (field.number === 2) attribute = { kind: 'float', value: field.float };
    else if (field.number === 3) {
      attribute = { kind: 'int', value: integer(field, what, source) };
    } else if (field.number === 4) {
      // Strings of attributes are bytes; ours to read are ASCII words such as SAME_UPPER.
      attribute = { kind: 'string', value: new TextDecoder().decode(field.bytes.slice(0, 256)) };
    } else if (field.number === 5) {
      attribute = { kind: 'tensor', value: decodeTensor(field.bytes, source) };
    } else if (field.number === 7) {
      pushAll(floats, floatsOf(field), what, source);
      attribute = { kind: 'floats', value: floats };
    } else if (field.number === 8) {
      const values = readIntegers(field, source).map((value) => safe(value, what, source));
      pushAll(ints, values, what, source);
      attribute = { kind: 'ints', value: ints };
    } else if (field.number === 6 || field.number === 11) {
      attribute = { kind: 'unread', value: 'a subgraph' };
    } else if ([9, 10, 14, 15, 22, 23].includes(field.number)) {
      attribute = { kind: 'unread', value: 'a list of texts, arrays or types' };
    }
  }
  return { key, attribute };
}

function pushAll(list: number[], values: readonly number[], what: string, source: string): void {
  if (list.length + values.length > LONGEST_LIST) {
    throw new FormatError(`${source}: ${what} is too long`);
  }
  for (const value of values) list.push(value);
}

/** A field of floats, packed or single. */
function floatsOf(field: ProtobufField): number[] {
  if (field.wire === WIRE.fixed32) return [field.float];
  const view = new DataView(field.bytes.buffer, field.bytes.byteOffset, field.bytes.byteLength);
  return Array.from({ length: Math.floor(view.byteLength / 4) }, (_, i) =>
    view.getFloat32(4 * i, true),
  );
}

function doublesOf({ bytes }: ProtobufField): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(view.byteLength / 8) }, (_, i) =>
    view.getFloat64(8 * i, true),
  );
}

interface MutableTensor {
  name: string;
  dims: number[];
  type: number;
  raw?: Uint8Array;
  floats?: number[];
  integers?: number[];
  doubles?: number[];
  externalLocation?: string;
}

function decodeTensor(bytes: Uint8Array, source: string): OnnxTensor {
  const tensor: MutableTensor = { name: '', dims: [], type: 0 };
  let external = false;
  for (const field of readFields(bytes, `${source}: an array`)) {
    if (field.number === 1) {
      for (const size of readIntegers(field, source)) {
        if (size < 0n || size > BigInt(LARGEST_SIZE) || tensor.dims.length >= MOST_DIMENSIONS) {
          throw new FormatError(`${source}: an array has the size ${size} along an axis`);
        }
        tensor.dims.push(Number(size));
      }
    } else if (field.number === 2) tensor.type = integer(field, 'the type of an array', source);
    else if (field.number === 4) {
      tensor.floats ??= [];
      pushAll(tensor.floats, floatsOf(field), 'an array', source);
    } else if (field.number === 5 || field.number === 7) {
      tensor.integers ??= [];
      const values = readIntegers(field, source).map((value) => safe(value, 'a number', source));
      pushAll(tensor.integers, values, 'an array', source);
    } else if (field.number === 8) tensor.name = readText(field, source);
    else if (field.number === 9) tensor.raw = field.bytes;
    else if (field.number === 10) {
      tensor.doubles ??= [];
      pushAll(tensor.doubles, doublesOf(field), 'an array', source);
    } else if (field.number === 13) {
      external = true;
      const { key, value } = decodeEntry(field.bytes, source);
      if (key === 'location') tensor.externalLocation = value;
    } else if (field.number === 14 && field.integer === 1n) external = true;
  }
  if (external) tensor.externalLocation ??= 'an unnamed file';
  return tensor;
}

function decodeEntry(bytes: Uint8Array, source: string): { key: string; value: string } {
  let key = '';
  let value = '';
  for (const field of readFields(bytes, `${source}: an entry of external data`)) {
    if (field.number === 1) key = readText(field, source);
    if (field.number === 2) value = readText(field, source);
  }
  return { key, value };
}

function decodeValue(bytes: Uint8Array, source: string): OnnxValue {
  const what = `${source}: an input or output`;
  let name = '';
  let type = 0;
  let shape: OnnxDimension[] | undefined;
  for (const field of readFields(bytes, what)) {
    if (field.number === 1) name = readText(field, what);
    if (field.number !== 2) continue;
    for (const typeField of readFields(field.bytes, what)) {
      if (typeField.number !== 1) continue;
      for (const part of readFields(typeField.bytes, what)) {
        if (part.number === 1) type = integer(part, 'an element type', source);
        if (part.number === 2) shape = decodeShape(part.bytes, what);
      }
    }
  }
  return { name, type, shape };
}

function decodeShape(bytes: Uint8Array, what: string): OnnxDimension[] {
  const shape: OnnxDimension[] = [];
  for (const field of readFields(bytes, what)) {
    if (field.number !== 1) continue;
    if (shape.length >= MOST_DIMENSIONS) throw new FormatError(`${what} has too many axes`);
    let size: OnnxDimension = null;
    for (const part of readFields(field.bytes, what)) {
      if (part.number === 1) size = integer(part, 'a size', what);
      if (part.number === 2) size = readText(part, what);
    }
    shape.push(size);
  }
  return shape;
}
