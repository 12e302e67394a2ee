import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  clearNames,
  countParameters,
  kerasApplications,
  type Model,
  type ResidualNetworkOptions,
  summarize,
} from '../../src/node.js';
import { runPython } from './run-python.js';

interface KerasLayer {
  name: string;
  className: string;
  output: (number | null)[];
  weights: [name: string, shape: number[]][];
}

interface KerasModel {
  variant: string;
  options: Record<string, unknown>;
  name: string;
  parameters: number;
  trainable: number;
  layers: KerasLayer[];
}

const builders: Record<string, (options: ResidualNetworkOptions) => Model> = {
  ResNet50: kerasApplications.resNet50,
  ResNet101: kerasApplications.resNet101,
  ResNet152: kerasApplications.resNet152,
  ResNet50V2: kerasApplications.resNet50V2,
  ResNet101V2: kerasApplications.resNet101V2,
  ResNet152V2: kerasApplications.resNet152V2,
};

const camelCase = (name: string) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());

function layersOf(model: Model): KerasLayer[] {
  const rows = summarize(model.network);
  return model.layers.map((layer, i) => ({
    name: layer.name,
    className: layer.className,
    output: [...rows[i].outputShape],
    weights: layer.weights.map(({ name, shape }) => [name, [...shape]]),
  }));
}

test('names, order, shapes and counts of all layers are those of the real keras.applications', async () => {
  const models = JSON.parse(await runPython('keras_applications.py')) as KerasModel[];
  assert.equal(models.length, 10);
  for (const { variant, options, name, parameters, trainable, layers } of models) {
    clearNames();
    const ours = builders[variant](
      Object.fromEntries(Object.entries(options).map(([key, value]) => [camelCase(key), value])),
    );
    const wanted = layers.map((layer) => ({
      ...layer,
      weights: layer.weights.map(([weight, shape]) => [camelCase(weight), shape]),
    }));
    const what = `${variant} ${JSON.stringify(options)}`;
    assert.deepEqual(layersOf(ours), wanted, what);
    assert.equal(ours.name, name, what);
    assert.equal(ours.countParams(), parameters, what);
    assert.equal(countParameters(ours.network).trainable, trainable, what);
  }
});
