import { ProtobufWriter } from '../protobuf/protobuf-writer.js';
import type {
  OnnxAttribute,
  OnnxGraph,
  OnnxModel,
  OnnxNode,
  OnnxTensor,
  OnnxValue,
} from './onnx-model.js';

/** AttributeProto.AttributeType. */
const ATTRIBUTE_TYPES = { float: 1, int: 2, string: 3, tensor: 4, floats: 6, ints: 7 } as const;

/**
 * The bytes of an ONNX file, in pieces that share the memory of large arrays. Field numbers are those of
 * onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
 */
export function encodeOnnx(model: OnnxModel): Uint8Array[] {
  const writer = new ProtobufWriter()
    .integer(1, model.irVersion)
    .text(2, model.producer)
    .message(7, encodeGraph(model.graph))
    .message(8, new ProtobufWriter().text(1, '').integer(2, model.opset));
  for (const [domain, version] of model.domains) {
    writer.message(8, new ProtobufWriter().text(1, domain).integer(2, version));
  }
  return writer.finish();
}

function encodeGraph({ nodes, name, initializers, inputs, outputs }: OnnxGraph): ProtobufWriter {
  const writer = new ProtobufWriter();
  for (const node of nodes) writer.message(1, encodeNode(node));
  writer.text(2, name);
  for (const tensor of initializers) writer.message(5, encodeTensor(tensor));
  for (const value of inputs) writer.message(11, encodeValue(value));
  for (const value of outputs) writer.message(12, encodeValue(value));
  return writer;
}

function encodeNode({ inputs, outputs, name, opType, domain, attributes }: OnnxNode) {
  const writer = new ProtobufWriter();
  for (const input of inputs) writer.text(1, input);
  for (const output of outputs) writer.text(2, output);
  writer.text(3, name).text(4, opType);
  for (const [key, attribute] of attributes) writer.message(5, encodeAttribute(key, attribute));
  if (domain !== '') writer.text(7, domain);
  return writer;
}

function encodeAttribute(name: string, attribute: OnnxAttribute): ProtobufWriter {
  const writer = new ProtobufWriter().text(1, name);
  switch (attribute.kind) {
    case 'float':
      writer.float(2, attribute.value);
      break;
    case 'int':
      writer.integer(3, attribute.value);
      break;
    case 'string':
      writer.text(4, attribute.value);
      break;
    case 'tensor':
      writer.message(5, encodeTensor(attribute.value));
      break;
    case 'floats':
      for (const value of attribute.value) writer.float(7, value);
      break;
    case 'ints':
      for (const value of attribute.value) writer.integer(8, value);
      break;
    case 'unread':
      return writer;
  }
  return writer.integer(20, ATTRIBUTE_TYPES[attribute.kind]);
}

function encodeTensor({ name, dims, type, raw, integers }: OnnxTensor): ProtobufWriter {
  const writer = new ProtobufWriter().packed(1, dims).integer(2, type);
  if (integers !== undefined) writer.packed(7, integers);
  writer.text(8, name);
  if (raw !== undefined) writer.bytes(9, raw);
  return writer;
}

function encodeValue({ name, type, shape = [] }: OnnxValue): ProtobufWriter {
  const dimensions = new ProtobufWriter();
  for (const size of shape) {
    const dimension = new ProtobufWriter();
    if (typeof size === 'number') dimension.integer(1, size);
    else if (size !== null) dimension.text(2, size);
    dimensions.message(1, dimension);
  }
  const tensor = new ProtobufWriter().integer(1, type).message(2, dimensions);
  return new ProtobufWriter().text(1, name).message(2, new ProtobufWriter().message(1, tensor));
}
