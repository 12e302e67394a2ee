import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  batchNormalization,
  cifarResnet,
  conv2d,
  decodeSafetensors,
  dense,
  encodeSafetensors,
  flatten,
  input,
  kerasApplications,
  Model,
  type ResidualNetworkOptions,
  reLU,
  reshape,
  type TensorInput,
  torchvision,
} from '../node.js';
import { torchFormat } from './torch-format.js';

// Zeros are quick to make, and most tests look at names and shapes.
const images: ResidualNetworkOptions = {
  inputShape: [32, 32, 3],
  classes: 10,
  initializer: 'zeros',
};

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces));
}

async function stateOf(model: Model): Promise<Map<string, TensorInput>> {
  const pieces = (await torchFormat.exportModel?.(model, {})) ?? [];
  return new Map(decodeSafetensors(joined(pieces)).tensors);
}

const fileOf = (tensors: ReadonlyMap<string, TensorInput>) => joined(encodeSafetensors(tensors));

/** Why a state does not fit a network. */
async function refusal(tensors: ReadonlyMap<string, TensorInput>, network: Model) {
  const source = "'weights'";
  try {
    await torchFormat.importModel(fileOf(tensors), { source, architecture: () => network });
  } catch (error) {
    assert.equal((error as { code: string }).code, 'E_FORMAT');
    return (error as Error).message;
  }
  return assert.fail('it was accepted');
}

const small = () => torchvision.resnet18(images);

test("a torchvision network has torchvision's keys and layouts", async () => {
  const state = await stateOf(torchvision.resnet50(images));
  const shapes = new Map([...state].map(([key, { shape }]) => [key, shape.join()]));
  assert.equal(shapes.get('conv1.weight'), '64,3,7,7');
  assert.equal(shapes.get('layer1.0.downsample.0.weight'), '256,64,1,1');
  assert.equal(shapes.get('layer1.0.downsample.1.running_var'), '256');
  assert.equal(shapes.get('layer4.2.bn3.num_batches_tracked'), '');
  assert.equal(shapes.get('fc.weight'), '10,2048');
  assert.equal(state.size, 320);
});

test('what was written is read back bit for bit, with or without a prefix', async () => {
  const drawn = () => cifarResnet({ depth: 14, width: 5 });
  const model = drawn();
  const state = await stateOf(model);
  const wrapped = new Map([...state].map(([key, tensor]) => [`module.${key}`, tensor]));
  for (const tensors of [state, wrapped]) {
    const again = await torchFormat.importModel(fileOf(tensors), { architecture: drawn });
    for (const [i, { variable }] of again.namedVariables.entries()) {
      assert.deepEqual(await variable.read(), await model.namedVariables[i].variable.read());
    }
  }
});

test('a file of torchvision needs no name of its network', async () => {
  const made = await torchFormat.importModel(fileOf(await stateOf(small())), {});
  assert.equal(made.name, 'resnet18');
  const { facts } = await torchFormat.inspect(fileOf(await stateOf(small())), 'it');
  assert.match(String(facts[0][1]), /resnet18 of torchvision, 3 channels, 10 classes/);
});

test('other models go by layer names; flattened images change their order', async () => {
  const image = input({ shape: [2, 3, 4] });
  let x = conv2d({ filters: 5, kernelSize: 1, name: 'mix' })(image);
  x = reLU()(batchNormalization({ scale: false, name: 'flat_bn' })(flatten()(x)));
  const model = new Model({ inputs: image, outputs: dense({ units: 2, name: 'head' })(x) });
  const kernel = Float32Array.from({ length: 60 }, (_, i) => i);
  await model.getLayer('head').setWeights([kernel, [0, 0]]);
  const state = await stateOf(model);
  assert.deepEqual(
    [...state.keys()].filter((key) => key.startsWith('mix')),
    ['mix.bias', 'mix.weight'],
  );
  assert.deepEqual([...(state.get('flat_bn.weight')?.data ?? [])], new Array(30).fill(1));
  const head = state.get('head.weight');
  assert.deepEqual(head?.shape, [2, 30]);
  // Output 1, channel 3, row 1, column 2: element ((1 · 3 + 2) · 5 + 3) · 2 + 1 of our kernel.
  assert.equal(head?.data[30 + (3 * 2 + 1) * 3 + 2], ((1 * 3 + 2) * 5 + 3) * 2 + 1);
  const [first] = await model.getLayer('head').getWeights();
  await model.getLayer('head').setWeights([new Float32Array(60), [1, 1]]);
  await torchFormat.importModel(fileOf(state), { architecture: () => model });
  assert.deepEqual((await model.getLayer('head').getWeights())[0], first);
});

test('what has no counterpart in PyTorch is refused by name', async () => {
  const image = input({ shape: [2, 2, 3] });
  const x = reshape({ targetShape: [4, 3], name: 'turned' })(flatten()(image));
  const model = new Model({ inputs: image, outputs: dense({ units: 1 })(x) });
  await assert.rejects(stateOf(model), /layer 'turned' \(Reshape\) cannot be carried to PyTorch/);
});

test('its metadata says how PyTorch makes the modules', async () => {
  const pieces = (await torchFormat.exportModel?.(cifarResnet({ depth: 8 }), {})) ?? [];
  const { layers } = await torchFormat.inspect(joined(pieces), 'it');
  const made = new Map(layers.map(({ name, className }) => [name, className]));
  assert.equal(made.get('conv1'), 'nn.Conv2d(3, 16, 3, stride=1, padding=1, bias=False)');
  assert.match(made.get('layer2.0.conv1') ?? '', /nn\.Conv2d\(16, 32, 3, stride=2, padding=1/);
  assert.equal(made.get('layer2.0.bn1'), 'nn.BatchNorm2d(32, eps=0.00001, momentum=0.1)');
  assert.equal(made.get('fc'), 'nn.Linear(64, 10)');
  const image = input({ shape: [8, 8, 3] });
  const same = conv2d({ filters: 1, kernelSize: 3, strides: 2, padding: 'same', name: 'same' })(
    image,
  );
  const model = new Model({ inputs: image, outputs: same });
  const own = (await torchFormat.exportModel?.(model, {})) ?? [];
  const [described] = (await torchFormat.inspect(joined(own), 'it')).layers;
  assert.match(described.className, /padding=0\) after F\.pad\(x, \(0, 1, 0, 1\)\)/);
});

test('diagnostics name layers, keys and reasons', async () => {
  const state = await stateOf(torchvision.resnet50(images));
  const keras = await refusal(state, kerasApplications.resNet50(images));
  assert.match(keras, /'conv1_conv' ↔ 'conv1': a bias here, none in torchvision/);
  assert.match(keras, /'conv1_bn' ↔ 'bn1': epsilon 0.00001001 here, 0.00001 in torchvision/);
  assert.match(keras, /and \d+ more/);
  const wide = await refusal(state, torchvision.wide_resnet50_2(images));
  assert.match(
    wide,
    /'conv2_block1_1_conv' ↔ 'layer1.0.conv1.weight': \[64, 64, 1, 1\] in the file, \[128/,
  );
  const basic = await refusal(await stateOf(small()), torchvision.resnet34(images));
  assert.match(basic, /'conv2_block3_1_conv' ↔ 'layer1.2.conv1.weight': the file has no such key/);
  const foreign = await refusal(state, new Model(denseNetwork()));
  assert.match(foreign, /choose one of torchvision's networks/);
});

test('a missing, surplus, turned or integer tensor is named', async () => {
  const state = await stateOf(small());
  const changed = (change: (tensors: Map<string, TensorInput>) => void) => {
    const tensors = new Map(state);
    change(tensors);
    return refusal(tensors, small());
  };
  assert.match(await changed((t) => t.delete('bn1.bias')), /'bn1.bias': the file has no such key/);
  const surplus = { shape: [1], data: Float32Array.of(1) };
  assert.match(await changed((t) => t.set('head.weight', surplus)), /no layer takes 'head.weight'/);
  const { data } = state.get('layer1.0.conv2.weight') as TensorInput;
  const turned = { shape: [3, 3, 64, 64], data };
  assert.match(
    await changed((t) => t.set('layer1.1.conv2.weight', turned)),
    /it lies in the order of Keras, and PyTorch's is \[out, in, height, width\]/,
  );
  const integers = { shape: [64], data: new Int32Array(64) };
  assert.match(await changed((t) => t.set('bn1.weight', integers)), /type I32, F32 or F64/);
});

test('strides and epsilon that a file describes are compared', async () => {
  const make = (strides: number, epsilon: number) => {
    const image = input({ shape: [8, 8, 3] });
    const x = conv2d({ filters: 2, kernelSize: 1, strides, name: 'mix' })(image);
    return new Model({ inputs: image, outputs: batchNormalization({ epsilon, name: 'bn' })(x) });
  };
  const bytes = joined((await torchFormat.exportModel?.(make(1, 1e-3), {})) ?? []);
  const read = (strides: number, epsilon: number) =>
    torchFormat.importModel(bytes, { architecture: () => make(strides, epsilon) });
  await read(1, 1e-3);
  await assert.rejects(
    read(2, 1e-3),
    /'mix' ↔ 'mix': nn\.Conv2d\(.* stride=1.* in the file, .*stride=2/,
  );
  await assert.rejects(read(1, 1e-5), /'bn' ↔ 'bn': .*eps=0\.001.* in the file, .*eps=0\.00001/);
});

function denseNetwork() {
  const vector = input({ shape: [3] });
  return { inputs: vector, outputs: dense({ units: 1 })(vector) };
}
