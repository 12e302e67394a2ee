import { ProtobufWriter } from '../protobuf/protobuf-writer.js';

/** A node of a graph as TensorBoard draws it. */
export interface GraphNode {
  /** Name; slashes make groups. */
  readonly name: string;
  /** What it computes, such as `Conv2D`. */
  readonly op: string;
  /** Names of the nodes whose outputs it takes. */
  readonly inputs: readonly string[];
  /** Shape of its output; -1 for the batch. */
  readonly shape: readonly number[];
}

/** Version of TensorFlow's graphs that these fields are of. */
const PRODUCER = 22;

/** A graph (`tensorflow.GraphDef`; fields after graph.proto), in pieces. */
export function encodeGraph(nodes: readonly GraphNode[]): Uint8Array[] {
  const graph = new ProtobufWriter();
  for (const { name, op, inputs, shape } of nodes) {
    const node = new ProtobufWriter().text(1, name).text(2, op);
    for (const input of inputs) node.text(3, input);
    graph.message(1, node.message(5, outputShapes(shape)));
  }
  return graph.message(4, new ProtobufWriter().integer(1, PRODUCER)).finish();
}

/** The attribute that shapes on edges are read from: a map entry of a list of one shape. */
function outputShapes(shape: readonly number[]): ProtobufWriter {
  const dimensions = new ProtobufWriter();
  for (const size of shape) dimensions.message(2, new ProtobufWriter().integer(1, size));
  const list = new ProtobufWriter().message(7, dimensions);
  const value = new ProtobufWriter().message(1, list);
  return new ProtobufWriter().text(1, '_output_shapes').message(2, value);
}
