import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { cosineDecay, createReferenceExecutor, sgd, tensorBoard } from '../../src/node.js';
import { IMAGE, residualModel, samples } from '../training/small-models.js';
import { runPython } from './run-python.js';

interface Found {
  scalars: Record<string, [step: number, value: number][]>;
  histograms: Record<string, Record<string, number>[]>;
  images: Record<string, { step: number; declared: number[]; decoded: number[] }[]>;
  graph: [name: string, op: string, inputs: string[], shape: number[]][] | null;
  plugins: Record<string, string[]>;
}

test('the real TensorBoard reads scalars, histograms, images and the graph', async () => {
  const logDir = await mkdtemp(join(tmpdir(), 'residuum-tensorboard-'));
  try {
    const model = residualModel();
    const decay = cosineDecay({ initialLearningRate: 0.1, decaySteps: 6 });
    const optimizer = sgd({ learningRate: decay });
    const metrics = ['accuracy'] as const;
    const on = createReferenceExecutor();
    model.compile({ loss: 'categoricalCrossentropy', optimizer, metrics, on });
    const options = { logDir, histogramFreq: 1, writeImages: true, updateFreq: 'batch' } as const;
    const { history } = await model.fit(...samples(12, IMAGE), {
      epochs: 2,
      batchSize: 4,
      validationSplit: 1 / 3,
      verbose: false,
      callbacks: [tensorBoard(options)],
    });
    const read = async (part: string) => {
      return JSON.parse(await runPython('tensorboard_read.py', join(logDir, part))) as Found;
    };
    const train = await read('train');
    const perEpoch = (values: readonly number[]) => values.map((v, i) => [i, Math.fround(v)]);
    assert.deepEqual(train.scalars.epoch_loss, perEpoch(history.loss));
    assert.deepEqual(train.scalars.epoch_accuracy, perEpoch(history.accuracy));
    assert.deepEqual(
      train.scalars.batch_learning_rate,
      [0, 1, 2, 3].map((step) => [step, Math.fround(decay.at(step))]),
    );
    assert.equal(train.scalars.batch_loss.length, 4);
    const validation = await read('validation');
    assert.deepEqual(validation.scalars.epoch_loss, perEpoch(history.valLoss));

    const names = model.namedVariables.map(({ entry }) => `${entry}/histogram`);
    assert.deepEqual(Object.keys(train.histograms).sort(), names.sort());
    const [, last] = train.histograms['stem/kernel/histogram'];
    const kernel = await model.getLayer('stem').weights[0].read();
    assert.deepEqual([last.step, last.num, last.counted], [1, kernel.length, kernel.length]);
    assert.deepEqual([last.min, last.max], [Math.min(...kernel), Math.max(...kernel)]);
    assert.equal(last.top, last.max);

    assert.deepEqual(Object.keys(train.images), ['stem/kernel/image']);
    for (const { declared, decoded } of train.images['stem/kernel/image']) {
      assert.deepEqual(decoded, declared);
    }

    assert.deepEqual(
      train.graph?.map(([name]) => name),
      model.network.nodes.map(({ layer }) => layer.name),
    );
    const sum = train.graph?.find(([, op]) => op === 'Add');
    assert.deepEqual(sum?.[2].length, 2);
    assert.deepEqual(train.graph?.at(-1)?.[3], [-1, 3]);
    assert.deepEqual(Object.keys(train.plugins).sort(), ['histograms', 'images', 'scalars']);
  } finally {
    await rm(logDir, { recursive: true });
  }
});
