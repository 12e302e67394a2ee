import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applications, findApplication } from '../../src/applications/registry.js';
import { resnet50 } from '../../src/applications/resnet50.js';
import { smallResnet } from '../../src/applications/small-resnet.js';
import type { CallContext } from '../../src/graph/graph-layer.js';
import { countParameters, formatSummary, summarize } from '../../src/inspect/summary.js';
import { clearNames } from '../../src/layers/unique-name.js';
import { IrGraph } from '../../src/ops/ir.js';

clearNames();
const model = resnet50({ inputShape: [28, 28, 1], classes: 10 });
const { network } = model;

/** Sum of the sizes of all weights for which `matches` holds. */
function countWeights(matches: (layer: string, weight: string) => boolean): number {
  return network.variables
    .filter(({ name }) => matches(...(name.split('/') as [string, string])))
    .reduce((sum, { variable }) => sum + variable.size, 0);
}

test('parameters', () => {
  const wanted = { total: 23_601_930, trainable: 23_548_810, nonTrainable: 53_120 };
  assert.deepEqual(countParameters(network), wanted);
  assert.equal(model.countParams(), wanted.total);
  const isDense = (layer: string) => layer === 'fc10';
  assert.equal(
    countWeights((layer, weight) => !isDense(layer) && weight === 'kernel'),
    23_448_640,
  );
  assert.equal(
    countWeights((layer, weight) => !isDense(layer) && weight === 'bias'),
    26_560,
  );
  assert.equal(
    countWeights((_, weight) => weight === 'gamma' || weight === 'beta'),
    53_120,
  );
  assert.equal(countWeights(isDense), 20_490);
});

test('parameters with 64×64×3 images, 6 classes and stage 3 at stride 2', () => {
  const other = resnet50({ inputShape: [64, 64, 3], classes: 6, stage3Strides: 2 });
  const { total, trainable } = countParameters(other.network);
  assert.deepEqual([total, trainable], [23_600_006, 23_546_886]);
});

test('spatial sizes', () => {
  const layers = [
    'zero_padding2d',
    'conv',
    'max_pooling2d',
    'bn2c_branch2c',
    'bn3d_branch2c',
    'bn4f_branch2c',
    'bn5c_branch2c',
    'average_pooling2d',
  ];
  const rows = new Map(summarize(network).map((row) => [row.name, row.outputShape]));
  const sizes = layers.map((name) => rows.get(name)?.[1]);
  assert.deepEqual(sizes, [34, 14, 6, 6, 6, 3, 2, 1]);
  for (const name of layers) assert.equal(rows.get(name)?.[1], rows.get(name)?.[2]);
});

test('names and order of all layers are those of Keras', () => {
  const names = ['input_layer', 'zero_padding2d', 'conv', 'bn', 'activation', 'max_pooling2d'];
  let activations = 1;
  let additions = 0;
  for (const [stage, blocks] of ['abc', 'abcd', 'abcdef', 'abc'].entries()) {
    for (const block of blocks) {
      const place = `${stage + 2}${block}_branch`;
      for (const part of ['2a', '2b']) {
        names.push(`res${place}${part}`, `bn${place}${part}`, `activation_${activations++}`);
      }
      const ends = block === 'a' ? ['2c', '1'] : ['2c'];
      names.push(...ends.map((part) => `res${place}${part}`));
      names.push(...ends.map((part) => `bn${place}${part}`));
      names.push(additions === 0 ? 'add' : `add_${additions}`, `activation_${activations++}`);
      additions++;
    }
  }
  names.push('average_pooling2d', 'flatten', 'fc10');
  assert.deepEqual(
    network.layers.map((layer) => layer.name),
    names,
  );
});

test('multiply-adds of an image, forward', () => {
  const graph = new IrGraph({ replica: 0, shares: [1] });
  const context: CallContext = {
    training: true,
    read: (variable) => graph.variable(variable.name, variable.shape),
    update: () => undefined,
  };
  network.emit([graph.input('x', [28, 28, 1])], context);
  const bySource = new Map<string, number>();
  for (const { definition, inputs, attributes, source } of graph.operations) {
    const shapes = Object.fromEntries(
      Object.entries(inputs).map(([name, { shape }]) => [name, shape]),
    );
    const multiplyAdds = (definition.flops?.(shapes, attributes) ?? 0) / 2;
    const part = /^res(\d)/.exec(source)?.[1] ?? source;
    bySource.set(part, (bySource.get(part) ?? 0) + multiplyAdds);
  }
  const parts = ['conv', '2', '3', '4', '5', 'fc10'].map((part) => bySource.get(part));
  assert.deepEqual(parts, [614_656, 7_667_712, 43_646_976, 63_700_992, 59_768_832, 20_480]);
  assert.equal(
    [...bySource.values()].reduce((sum, count) => sum + count, 0),
    175_419_648,
  );
});

test("the article's initialisation gives kernels of one shape the same numbers", () => {
  const kernels = (glorot: 'article' | 'perLayer') => {
    const { network } = resnet50({ inputShape: [28, 28, 1], classes: 10, glorot });
    return ['res2b_branch2b', 'res2c_branch2b'].map(
      (name) => network.getLayer(name).weights[0].hostValue,
    );
  };
  const [a, b] = kernels('article');
  assert.deepEqual(a, b);
  const [c, d] = kernels('perLayer');
  assert.notDeepEqual(c, d);
});

test('the summary of the whole network', () => {
  const table = formatSummary(summarize(network), countParameters(network));
  assert.match(table, /Total params: 23,601,930 \(90\.03 MB\)/);
  assert.match(table, /conv \(Conv2D\) +│ \(N, 14, 14, 64\) +│ +3,200 │ zero_padding2d\[0\]\[0\]/);
});

test('a small residual network', () => {
  const { network } = smallResnet({ inputShape: [28, 28, 1], classes: 10 });
  const shapes = new Map(summarize(network).map((row) => [row.name, row.outputShape]));
  assert.deepEqual(shapes.get('bn2a_branch2b'), [null, 28, 28, 16]);
  assert.deepEqual(shapes.get('bn3a_branch1'), [null, 14, 14, 32]);
  assert.deepEqual(shapes.get('bn4a_branch2b'), [null, 7, 7, 64]);
  assert.equal(shapes.has('bn2a_branch1'), false);
  assert.deepEqual(network.outputShapes, [[10]]);
});

test('applications are found by name', () => {
  for (const [name, { build }] of Object.entries(applications)) {
    assert.deepEqual(build({ inputShape: [32, 32, 3], classes: 7 }).outputShapes, [[7]], name);
  }
  assert.throws(
    () => findApplication('resnet5'),
    /unknown model 'resnet5'; did you mean 'resnet50'/,
  );
});
