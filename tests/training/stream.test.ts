import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dataset, Model, SampleArray, StreamElement } from '../../src/node.js';
import { denseModel, samples, weightsOf } from './small-models.js';

const SAMPLES = 12;
const [x, y] = samples(SAMPLES, [4]);

/** Some of the samples, as arrays. */
function slice(from: number, to: number): [SampleArray, SampleArray] {
  const cut = ({ data, shape, ...rest }: SampleArray): SampleArray => {
    const width = data.length / shape[0];
    return {
      ...rest,
      data: data.slice(from * width, to * width),
      shape: [to - from, ...shape.slice(1)],
    };
  };
  return [cut(x), cut(y)];
}

function compiled(): Model {
  const model = denseModel();
  model.compile({ loss: 'categoricalCrossentropy', metrics: ['accuracy'], executor: 'reference' });
  return model;
}

const options = { epochs: 3, batchSize: 4, verbose: false } as const;

/** What training on the same samples in memory, in their order, gives. */
async function expected() {
  const model = compiled();
  const { history } = await model.fit(x, y, { ...options, shuffle: false });
  return { loss: history.loss, weights: await weightsOf(model) };
}

async function* inBatchesOf(size: number): AsyncGenerator<StreamElement> {
  for (let from = 0; from < SAMPLES; from += size) {
    yield slice(from, Math.min(SAMPLES, from + size));
  }
}

function* oneByOne(): Generator<StreamElement> {
  const single = (array: SampleArray) => ({ ...array, shape: array.shape.slice(1) });
  for (let i = 0; i < SAMPLES; i++) {
    const [inputs, targets] = slice(i, i + 1);
    yield { inputs: single(inputs), targets: single(targets) };
  }
}

test('a stream of samples or batches of any size trains as the same arrays do', async () => {
  const streams = {
    'batches of other sizes': (_: number) => inBatchesOf(5),
    'samples one by one': () => oneByOne(),
    'an iterable that is begun anew': { [Symbol.asyncIterator]: () => inBatchesOf(4) },
    'one without an end': (async function* () {
      for (;;) yield* inBatchesOf(3);
    })(),
  };
  const wanted = await expected();
  for (const [name, stream] of Object.entries(streams)) {
    const model = compiled();
    const { history } = await model.fit(stream, { ...options, stepsPerEpoch: 3 });
    assert.deepEqual(history.loss, wanted.loss, name);
    assert.deepEqual(await weightsOf(model), wanted.weights, name);
  }
});

test('a run on a stream by epochs that was stopped goes on bit for bit', async () => {
  const stream = (epoch: number) => inBatchesOf(epoch + 2);
  const model = compiled();
  let epoch = 0;
  const { stoppedAt } = await model.fit(stream, {
    ...options,
    stepsPerEpoch: 3,
    callbacks: [
      {
        onEpochBegin: (number) => {
          epoch = number;
        },
        onTrainBatchEnd: (batch) => {
          if (epoch === 1 && batch === 0) model.stopTraining = true;
        },
      },
    ],
  });
  assert.equal(stoppedAt?.batch, 1);
  const resume = { initialEpoch: 1, initialPosition: stoppedAt };
  const { history } = await model.fit(stream, { ...options, ...resume, stepsPerEpoch: 3 });
  const wanted = await expected();
  assert.deepEqual(history.loss, wanted.loss.slice(1));
  assert.deepEqual(await weightsOf(model), wanted.weights);
});

test('a batch that is asked for again is the same one', async () => {
  const model = compiled();
  const asked: number[] = [];
  const { history } = await model.fit(() => inBatchesOf(4), {
    ...options,
    epochs: 1,
    stepsPerEpoch: 3,
    callbacks: [
      {
        onTrainBatchEnd: (batch) => {
          asked.push(batch);
          // Freezing makes the step that the next batch was prepared for another one.
          if (batch === 0) model.layers[1].trainable = false;
        },
      },
    ],
  });
  assert.deepEqual(asked, [0, 1, 2]);
  const other = compiled();
  const same = await other.fit(x, y, {
    ...options,
    epochs: 1,
    shuffle: false,
    callbacks: [
      {
        onTrainBatchEnd: (batch) => {
          if (batch === 0) other.layers[1].trainable = false;
        },
      },
    ],
  });
  assert.deepEqual(history.loss, same.history.loss);
});

test('streams that do not fit are refused in one sentence', async () => {
  const model = compiled();
  const run = { ...options, stepsPerEpoch: 3 };
  await assert.rejects(
    model.fit(() => inBatchesOf(4), options),
    {
      name: 'ValueError',
      message: /stepsPerEpoch/,
    },
  );
  await assert.rejects(
    model.fit(() => inBatchesOf(4), { ...run, stepsPerEpoch: 4 }),
    {
      name: 'DataError',
      message: /the stream ended after 12 of the 16 samples of an epoch/,
    },
  );
  const [input, target] = slice(0, 2);
  const wrong: [StreamElement, RegExp][] = [
    [
      [{ ...input, shape: [4, 2] }, target],
      /input 0 of shape \[4, 2\], but the model takes samples/,
    ],
    [[[input, input], target], /gives 2 input arrays, but the model has 1/],
    [input as unknown as StreamElement, /must give \[inputs, targets\]/],
  ];
  for (const [element, message] of wrong) {
    await assert.rejects(
      model.fit(() => [element], run),
      { name: 'DataError', message },
    );
  }
  for (const wrong of [undefined, [[1]], new Float32Array(4)]) {
    const element = [wrong, wrong] as unknown as StreamElement;
    await assert.rejects(
      model.fit(() => [element], run),
      /input 0 of the stream must be \{ data, shape \}/,
    );
  }
});

test('what takes no stream says so', async () => {
  const model = compiled();
  const stream = () => inBatchesOf(4) as unknown as SampleArray;
  const message = /only fit takes a stream/;
  await assert.rejects(model.evaluate(stream(), y), message);
  await assert.rejects(model.predict(stream()), message);
  const validationData = stream() as unknown as Dataset;
  await assert.rejects(model.fit(x, y, { ...options, validationData }), message);
});
