import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { encodeOnnx } from '../../src/formats/onnx/encode-onnx.js';
import type {
  OnnxAttribute,
  OnnxNode,
  OnnxTensor,
  OnnxValue,
} from '../../src/formats/onnx/onnx-model.js';
import { ProtobufWriter } from '../../src/formats/protobuf/protobuf-writer.js';
import {
  exportOnnx,
  FormatError,
  importOnnx,
  Model,
  modelFormats,
  Random,
} from '../../src/node.js';
import { Limits } from './limits.js';
import { mutantCount } from './mutants.js';
import { onnxNetworks, scatterWeights } from './onnx-networks.js';

const MUTANTS = mutantCount();

interface Parts {
  nodes?: OnnxNode[];
  initializers?: OnnxTensor[];
  inputs?: OnnxValue[];
  outputs?: OnnxValue[];
  opset?: number;
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces));
}

const image: OnnxValue = { name: 'x', type: 1, shape: ['N', 3, 8, 8] };

/** A file of one graph; by default an image goes in, and `y` comes out. */
function file(parts: Parts): Uint8Array {
  const {
    nodes = [],
    initializers = [],
    inputs = [image],
    outputs = [{ name: 'y', type: 1 }],
    opset = 17,
  } = parts;
  const graph = { name: 'g', nodes, initializers, inputs, outputs };
  const file = { irVersion: 8, producer: 'test', opset, domains: new Map(), graph };
  return join(encodeOnnx({ ...file, hasFunctions: false }));
}

function node(
  opType: string,
  inputs: string[] = ['x'],
  attributes: Record<string, OnnxAttribute> = {},
  more: Partial<OnnxNode> = {},
): OnnxNode {
  const fixed = { name: 'victim', opType, domain: '', inputs, outputs: ['y'] };
  return { ...fixed, attributes: new Map(Object.entries(attributes)), ...more };
}

function floats(name: string, dims: number[], count = dims.reduce((a, b) => a * b, 1)): OnnxTensor {
  return { name, dims, type: 1, raw: new Uint8Array(4 * count) };
}

const ints = (value: number[]): OnnxAttribute => ({ kind: 'ints', value });
const int = (value: number): OnnxAttribute => ({ kind: 'int', value });
const float = (value: number): OnnxAttribute => ({ kind: 'float', value });

const kernel = floats('w', [4, 3, 3, 3]);
/** A convolution that would be fine but for its attributes. */
const conv = (attributes: Record<string, OnnxAttribute>, w = kernel) =>
  file({ nodes: [node('Conv', ['x', 'w'], attributes)], initializers: [w] });

/** Wraps a graph message in a file by hand. */
function rawFile(graph: ProtobufWriter): Uint8Array {
  const opset = new ProtobufWriter().text(1, '').integer(2, 17);
  return join(new ProtobufWriter().integer(1, 8).message(7, graph).message(8, opset).finish());
}

/** An array whose content lies in another file. */
function external(location: string): Uint8Array {
  const entry = new ProtobufWriter().text(1, 'location').text(2, location);
  const tensor = new ProtobufWriter()
    .packed(1, [4, 3, 3, 3])
    .integer(2, 1)
    .text(8, 'w')
    .message(13, entry)
    .integer(14, 1);
  const graph = new ProtobufWriter()
    .message(
      1,
      new ProtobufWriter().text(1, 'x').text(1, 'w').text(2, 'y').text(3, 'victim').text(4, 'Conv'),
    )
    .message(5, tensor)
    .message(11, imageMessage());
  return rawFile(graph);
}

/** The input `x` by hand. */
function imageMessage(): ProtobufWriter {
  const shape = new ProtobufWriter().message(1, new ProtobufWriter().text(2, 'N'));
  for (const size of [3, 8, 8]) shape.message(1, new ProtobufWriter().integer(1, size));
  const type = new ProtobufWriter().message(
    1,
    new ProtobufWriter().integer(1, 1).message(2, shape),
  );
  return new ProtobufWriter().text(1, 'x').message(2, type);
}

/** An `If` in an `If` in an `If` … */
function nested(depth: number): Uint8Array {
  let graph = new ProtobufWriter();
  for (let i = 0; i < depth; i++) {
    const branch = new ProtobufWriter().text(1, 'then_branch').message(6, graph).integer(20, 5);
    const one = new ProtobufWriter()
      .text(2, 'y')
      .text(3, 'victim')
      .text(4, 'If')
      .message(5, branch);
    graph = new ProtobufWriter().message(1, one);
  }
  return rawFile(graph);
}

const good = conv({});
const bytes = (...values: number[]) => Uint8Array.from(values);

/** A file, and what its refusal has to say. */
const corpus: Record<string, readonly [Uint8Array, RegExp]> = {
  'nothing at all': [bytes(), /no ONNX file: it holds no graph/],
  'a number that does not end': [bytes(0x08, 0xff, 0xff), /cut off/],
  'a number of eleven bytes': [bytes(0x08, ...Array(11).fill(0xff)), /longer than 10 bytes/],
  'a length beyond the end': [bytes(0x3a, 0xff, 0xff, 0xff, 0x0f, 0x00), /are announced/],
  'a negative length': [
    bytes(0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01),
    /are announced/,
  ],
  'a group, which has no length': [bytes(0x3b, 0x3c), /wire type 3 is unknown/],
  'field number 0': [bytes(0x02, 0x00), /there is no field 0/],
  'a file that is cut': [good.subarray(0, good.length - 20), /is damaged/],
  'a name that is no UTF-8': [
    rawFile(new ProtobufWriter().bytes(2, bytes(0xff, 0xfe))),
    /not UTF-8/,
  ],
  'weights in /etc/passwd': [external('/etc/passwd'), /'w' lies outside the file, in '\/etc/],
  'weights above the folder': [external('../../secret.bin'), /outside the file, in '\.\.\//],
  'weights at an address': [external('http://example.org/w'), /never opened/],
  'a constant node with weights outside': [
    file({
      nodes: [
        node(
          'Constant',
          [],
          { value: { kind: 'tensor', value: { ...kernel, raw: undefined } } },
          { outputs: ['w'] },
        ),
        node('Conv', ['x', 'w']),
      ],
    }),
    /node 'victim' \(Conv\).*holds 0 numbers/,
  ],
  'a kernel of 4 exabytes': [
    conv({}, { ...kernel, dims: [2 ** 20, 2 ** 20, 2 ** 10, 2 ** 10] }),
    /victim/,
  ],
  'sizes whose product wraps around': [
    conv({}, { ...kernel, dims: [2 ** 32, 2 ** 32, 3, 3] }),
    /victim/,
  ],
  'a size of 2⁵⁰': [conv({}, { ...kernel, dims: [2 ** 50, 3, 3, 3] }), /size 1125899906842624/],
  'a negative size': [conv({}, { ...kernel, dims: [-4, 3, 3, 3] }), /size -4/],
  'more axes than arrays have': [conv({}, { ...kernel, dims: Array(100).fill(1) }), /size 1 along/],
  'an input of 2⁶⁰ pixels': [
    file({ nodes: [node('Relu')], inputs: [{ ...image, shape: ['N', 3, 2 ** 30, 2 ** 30] }] }),
    /shape/,
  ],
  'an input without a shape': [
    file({ nodes: [node('Relu')], inputs: [{ name: 'x', type: 1 }] }),
    /input 'x' is no batch/,
  ],
  'an input of open size': [
    file({ nodes: [node('Relu')], inputs: [{ ...image, shape: ['N', 3, 'H', 'W'] }] }),
    /leaves a size open/,
  ],
  'padding of 2³¹ pixels': [conv({ pads: ints([2 ** 31, 0, 0, 0]) }), /victim.*pads/],
  'negative padding': [conv({ pads: ints([-1, 0, 0, 0]) }), /victim.*pads/],
  'five paddings': [conv({ pads: ints([1, 1, 1, 1, 1]) }), /victim.*pads/],
  'a step of 0': [conv({ strides: ints([0, 1]) }), /victim.*0 pixels/],
  'a step of 2⁴⁰': [conv({ strides: ints([2 ** 40, 1]) }), /victim/],
  'a dilation of -1': [conv({ dilations: ints([-1, 1]) }), /victim.*-1 pixels/],
  'no groups': [conv({ group: int(0) }), /victim.*groups/],
  'a million groups': [conv({ group: int(1e6) }), /victim/],
  'a kernel_shape that lies': [conv({ kernel_shape: ints([5, 5]) }), /victim.*3×3/],
  'an attribute of another kind': [conv({ strides: float(2) }), /victim.*'strides' is of the kind/],
  'padding by an unknown word': [
    conv({ auto_pad: { kind: 'string', value: '__proto__' } }),
    /auto_pad '__proto__' is unknown/,
  ],
  'a negative epsilon': [
    file({
      nodes: [node('BatchNormalization', ['x', 'a', 'a', 'a', 'a'], { epsilon: float(-1) })],
      initializers: [floats('a', [3])],
    }),
    /victim.*epsilon/,
  ],
  'an epsilon that is no number': [
    file({
      nodes: [
        node('BatchNormalization', ['x', 'a', 'a', 'a', 'a'], { epsilon: float(Number.NaN) }),
      ],
      initializers: [floats('a', [3])],
    }),
    /victim.*epsilon/,
  ],
  'statistics of too few channels': [
    file({
      nodes: [node('BatchNormalization', ['x', 'a', 'a', 'a', 'a'])],
      initializers: [floats('a', [2])],
    }),
    /victim.*must hold 3 numbers/,
  ],
  'a loop': [file({ nodes: [node('Loop')] }), /victim.*no layer here for 'Loop'/],
  'a scan': [file({ nodes: [node('Scan')] }), /victim.*no layer here for 'Scan'/],
  'an operator of others': [
    file({ nodes: [node('Relu', ['x'], {}, { domain: 'com.evil' })] }),
    /no layer here for 'com\.evil\.Relu'/,
  ],
  'subgraphs 20,000 deep': [nested(20_000), /victim.*'If' \(it holds a subgraph\)/],
  'a node that feeds itself': [
    file({ nodes: [node('Relu', ['y'])] }),
    /nothing before it computes 'y'/,
  ],
  'a circle of nodes': [
    file({
      nodes: [
        node('Relu', ['b'], {}, { outputs: ['a'] }),
        node('Relu', ['a'], {}, { outputs: ['b'] }),
      ],
    }),
    /nothing before it computes 'b'/,
  ],
  'a value that is computed twice': [
    file({ nodes: [node('Relu'), node('Tanh')] }),
    /'y' is computed twice/,
  ],
  'an output that nothing computes': [file({}), /output 'y' is computed by no node/],
  'a node without inputs': [file({ nodes: [node('Relu', [])] }), /input 0 is missing/],
  'a node without outputs': [
    file({ nodes: [node('Relu', ['x'], {}, { outputs: [] })] }),
    /it has no output/,
  ],
  'a hundred thousand nodes': [
    file({ nodes: Array.from({ length: 100_000 }, () => node('Relu')) }),
    /more than 25000 nodes/,
  ],
  'one array used a thousand times': [
    file({
      nodes: Array.from({ length: 1000 }, (_, i) =>
        node(
          'MatMul',
          [i === 0 ? 'x' : `v${i}`, 'w'],
          { alpha: float(i) },
          { outputs: [`v${i + 1}`] },
        ),
      ),
      initializers: [floats('w', [500, 500])],
      inputs: [{ name: 'x', type: 1, shape: ['N', 500] }],
    }),
    /used over and over/,
  ],
  'an output larger than any memory': [
    file({
      nodes: [node('Pad', ['x', 'p'])],
      initializers: [
        {
          name: 'p',
          dims: [8],
          type: 7,
          raw: new Uint8Array(
            BigInt64Array.from([0, 0, 2 ** 24, 2 ** 24, 0, 0, 0, 0], BigInt).buffer,
          ),
        },
      ],
    }),
    /larger than any memory/,
  ],
  'a shape with two open sizes': [
    file({
      nodes: [node('Reshape', ['x', 's'])],
      initializers: [
        {
          name: 's',
          dims: [3],
          type: 7,
          raw: new Uint8Array(BigInt64Array.of(-1n, -1n, -1n).buffer),
        },
      ],
    }),
    /victim.*reshapes/,
  ],
  'axes that are none': [
    file({ nodes: [node('Transpose', ['x'], { perm: ints([9, -1]) })] }),
    /victim/,
  ],
  'a softmax over axis 99': [
    file({ nodes: [node('Softmax', ['x'], { axis: int(99) })] }),
    /no axis 99/,
  ],
  'operators of version 1': [file({ nodes: [node('Relu')], opset: 1 }), /operators of version 1/],
  'normalisation in training mode': [
    file({
      nodes: [node('BatchNormalization', ['x', 'a', 'a', 'a', 'a'], { training_mode: int(1) })],
      initializers: [floats('a', [3])],
    }),
    /written for training/,
  ],
  'weights that are text': [conv({}, { ...kernel, type: 8 }), /holds string/],
  'weights that are integers': [conv({}, { ...kernel, type: 7 }), /holds int64/],
};

/** Reads a file in both ways; gives the error, or undefined when it loads. */
async function attempt(data: Uint8Array): Promise<Error | undefined> {
  const format = modelFormats.find(({ name }) => name === 'onnx');
  await format?.inspect(data, 'x.onnx').catch((error: unknown) => {
    assert.ok(error instanceof FormatError, `inspect threw ${String(error)}`);
  });
  format?.detect(data);
  try {
    importOnnx(data, { source: 'x.onnx' });
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

suite('hostile ONNX files', () => {
  test('the file that the crafted ones are made of loads', () => {
    assert.ok(importOnnx(good) instanceof Model);
  });

  for (const [title, [data, message]] of Object.entries(corpus)) {
    test(title, async () => {
      const error = await new Limits().hold('it', () => attempt(data));
      assert.ok(error instanceof FormatError, `expected a FormatError, got ${String(error)}`);
      assert.match(error.message, message);
    });
  }

  test('names that mean something elsewhere are names', () => {
    const names = ['__proto__', 'constructor', '../../../etc/passwd', '', 'Ω', 'a'.repeat(5000)];
    const nodes = names.map((name, i) =>
      node('Relu', [i === 0 ? 'x' : `v${i}`], {}, { name, outputs: [`v${i + 1}`] }),
    );
    const outputs = [{ name: `v${names.length}`, type: 1 }];
    const model = importOnnx(file({ nodes, outputs }));
    assert.equal(model.layers.length, names.length + 1);
    for (const { name } of model.layers) assert.match(name, /^[A-Za-z0-9][\w.-]{0,199}$/);
    assert.deepEqual(Object.keys(Object.prototype), []);
  });

  test('20,000 nodes of one name', async () => {
    const nodes = Array.from({ length: 20_000 }, (_, i) =>
      node('Relu', [i === 0 ? 'x' : `v${i}`], {}, { name: 'same', outputs: [`v${i + 1}`] }),
    );
    const bytes = file({ nodes, outputs: [{ name: 'v20000', type: 1 }] });
    const model = await new Limits().hold('it', () => importOnnx(bytes), 5);
    assert.equal(model.layers.length, 20_001);
  });

  test(`${MUTANTS} seeded mutants: each a typed error or a model`, async () => {
    const names = ['a residual block with padding and normalisation', 'flattened images'] as const;
    const bases: Uint8Array[] = [];
    for (const name of names) {
      const model = await scatterWeights(onnxNetworks[name](), 5);
      bases.push(await exportOnnx(model, { foldBatchNorm: bases.length === 1 }));
    }
    const random = new Random(2026, [11]);
    const limits = new Limits();
    let loaded = 0;
    for (let i = 0; i < MUTANTS; i++) {
      const mutant = mutate(bases[i % bases.length], bases[(i + 1) % bases.length], random);
      const error = await limits.hold(`mutant ${i}`, () => attempt(mutant));
      if (error === undefined) loaded++;
      else assert.ok(error instanceof FormatError, `mutant ${i}: ${error.stack}`);
    }
    assert.ok(loaded > 0 && loaded < MUTANTS, `${loaded} mutants loaded`);
  });
});

/** A copy with one to four changes: bits, bytes, cuts, repetitions, parts of another file. */
function mutate(base: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let data = Uint8Array.from(base);
  const changes = 1 + random.integer(4);
  for (let i = 0; i < changes; i++) {
    // Half of the changes go to the structure, which lies before the weights.
    const reach = random.integer(2) === 0 ? Math.min(2000, data.length) : data.length;
    const place = random.integer(reach);
    const length = 1 + random.integer(16);
    switch (random.integer(6)) {
      case 0:
        data[place] ^= 1 << random.integer(8);
        break;
      case 1:
        data[place] = random.integer(256);
        break;
      case 2:
        data.fill(0xff, place, place + length);
        break;
      case 3:
        data = new Uint8Array([...data.subarray(0, place), ...data.subarray(place + length)]);
        break;
      case 4:
        data = new Uint8Array([
          ...data.subarray(0, place),
          ...other.subarray(place, place + length),
          ...data.subarray(place),
        ]);
        break;
      default:
        if (random.integer(8) === 0) data = data.slice(0, Math.max(1, place));
        else data.copyWithin(place, random.integer(data.length), place + length);
    }
    if (data.length === 0) return bytes(0);
  }
  return data;
}
