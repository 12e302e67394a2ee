import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { buildModel } from '../../src/node/runs/build-model.js';
import {
  createReferenceExecutor,
  decodeSafetensors,
  readRecipe,
  settingsOfConfig,
} from '../../src/node.js';
import { deterministicWeight, sampleIndices, uniform } from './deterministic.js';
import { relativeError } from './relative-error.js';

/** Of the fixture that `cifar_resnet20.py` makes. */
interface Recipe {
  boundaries: number[];
  /** Names that the images of the steps are made of. */
  images: string[];
  labels: number[];
  losses: number[];
}

const SHAPE = [32, 32, 3];
const CLASSES = 10;
/** The state is read as float32, which alone is an error of up to 2^-24 of each number. */
const AS_FLOAT32 = 2 ** -24;

test('the recipe cifar-resnet20 is what PyTorch computes in float64, at each of its rates', async () => {
  const path = new URL(
    '../../../tests/parity/fixtures/cifar-resnet20.safetensors',
    import.meta.url,
  );
  const { tensors, metadata } = decodeSafetensors(readFileSync(path), { source: path.pathname });
  const { boundaries, images, labels, losses } = JSON.parse(metadata.recipe) as Recipe;
  const recipe = readRecipe('cifar-resnet20');
  const schedule = { name: 'piecewiseConstantDecay', ...recipe.schedule, boundaries };
  const info = { imageShape: SHAPE, classNames: Array.from({ length: CLASSES }, String) };
  const settings = settingsOfConfig({ ...recipe, schedule });
  const model = buildModel(settings, info, { engine: {}, stepsPerEpoch: 1 });
  const { objectiveOptions, optimizer } = model;
  const on = createReferenceExecutor({ precision: 'float64' });
  model.compile({ ...objectiveOptions, optimizer, on });
  for (const { entry, variable } of model.namedVariables) {
    variable.write(deterministicWeight(entry, variable.shape));
  }
  const found: number[] = [];
  for (const [step, image] of images.entries()) {
    const pixels = uniform(image, SHAPE[0] * SHAPE[1] * SHAPE[2]);
    const x = { data: Float32Array.from(pixels, (u) => u + 0.5), shape: [1, ...SHAPE] };
    const y = { data: Uint8Array.of(labels[step]), shape: [1], oneHot: CLASSES };
    found.push((await model.trainOnBatch(x, y)).loss);
  }
  assert.ok(relativeError(found, losses) < 1e-12, `losses ${found}, ${losses} in PyTorch`);
  const state = new Map<string, Float32Array>();
  for (const { entry, variable } of model.namedVariables) {
    state.set(`weight/${entry}`, await variable.read());
  }
  const { slots } = await model.optimizerState();
  for (const [entry, values] of slots.get('m') ?? []) state.set(`m/${entry}`, values);
  assert.deepEqual([...state.keys()].sort(), [...tensors.keys()].sort());
  for (const [name, values] of state) {
    const indices = sampleIndices(name.slice(name.indexOf('/') + 1), values.length);
    const truth = Float64Array.from((tensors.get(name)?.data ?? []) as Float64Array);
    const error = relativeError(
      indices.map((index) => values[index]),
      truth,
    );
    assert.ok(error <= AS_FLOAT32, `${name}: relative error ${error}`);
  }
  await model.dispose();
});
