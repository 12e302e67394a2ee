import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  clearNames,
  dense,
  globalAveragePooling2d,
  input,
  Layer,
  type LayerConfig,
  Model,
  ones,
  ops,
  sgd,
  type Variable,
} from '../../src/node.js';
import { CLASSES, IMAGE, samples, weightsOf } from './small-models.js';

/** x times a weight that is repeated over the samples, and over everything else along axes of size 1. */
class Gain extends Layer {
  readonly className = 'Gain';
  readonly #shape: readonly number[];
  #gain: Variable | undefined;

  constructor(name: string, shape: readonly number[]) {
    super({ name }, 'gain');
    this.#shape = shape;
  }

  protected override build(): void {
    this.#gain = this.addWeight('gain', this.#shape, ones());
  }

  call([x]: Parameters<Layer['call']>[0], context: Parameters<Layer['call']>[1]) {
    return ops.multiply(x, context.read(this.#gain as Variable));
  }

  getConfig(): LayerConfig {
    return {};
  }
}

function gainModel(): Model {
  clearNames();
  const inputs = input({ shape: IMAGE, name: 'image' });
  const scaled = new Gain('one', [1, 1, 1, 1])(inputs);
  const features = new Gain('each', [1, IMAGE[2]])(globalAveragePooling2d()(scaled));
  const outputs = dense({ units: CLASSES, activation: 'softmax', name: 'head' })(features);
  return new Model({ inputs, outputs, name: 'gains' });
}

// Seven samples in batches of four leave batches of 3: two samples for one replica and one for another.
for (const executor of ['cpu', 'reference'] as const) {
  test(`${executor}: a replica with a single sample repeats nothing over it, and all still agree`, async () => {
    const [x, y] = samples(7, IMAGE);
    const one = {
      ...x,
      data: x.data.slice(
        0,
        IMAGE.reduce((a, b) => a * b),
      ),
      shape: [1, ...IMAGE],
    };
    const outcomes = [];
    for (const replicas of [1, 2, 3]) {
      const model = gainModel();
      const optimizer = sgd({ learningRate: 0.1 });
      model.compile({ loss: 'categoricalCrossentropy', optimizer, executor, replicas });
      await model.fit(x, y, { batchSize: 4, epochs: 3, shuffle: false, verbose: false });
      const prediction = await model.predict(one);
      outcomes.push([...(await weightsOf(model)).values(), prediction.data].map((a) => [...a]));
      await model.dispose();
    }
    const [expected, ...others] = outcomes;
    assert.notEqual(expected[0][0], 1, 'the gain is trained');
    for (const other of others) {
      other.flat().forEach((value, i) => {
        assert.ok(
          Math.abs(value - expected.flat()[i]) < 1e-6,
          `${value} for ${expected.flat()[i]}`,
        );
      });
    }
  });
}
