import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { nonCentralMinima } from '../../src/lab/landscape.js';
import { withoutBlock } from '../../src/lab/lesion.js';
import { withOnePath } from '../../src/lab/paths.js';
import { withShortcuts } from '../../src/lab/shortcuts.js';
import { withStochasticDepth } from '../../src/lab/stochastic-depth.js';
import {
  identity,
  landscape,
  lesion,
  memoryStore,
  paths,
  responses,
  shortcuts,
  stochasticDepth,
} from '../../src/node/lab.js';
import { cifarPlain, cifarResnet, readActivations } from '../../src/node.js';
import { checkFigures, TINY, tinyData } from './tiny-data.js';

const data = tinyData();
const common = { data, engine: { replicas: 1 }, seeds: 1, store: memoryStore() };
const shape = { depth: 14, width: 4, inputShape: [8, 8, 1] };

suite('experiments on trained networks', () => {
  test('a lesion deletes exactly one block, and of a residual one leaves the shortcut', async () => {
    for (const make of [cifarPlain, cifarResnet]) {
      const model = make(shape);
      const lesioned = withoutBlock(model, 'conv2_block2');
      assert.ok(lesioned);
      const gone = model.layers.filter((layer) => !lesioned.layers.includes(layer));
      assert.ok(gone.length > 0 && gone.every(({ name }) => name.startsWith('conv2_block2_')));
      assert.ok(gone.filter(({ className }) => className === 'Conv2D').length === 2);
      if (make === cifarPlain) assert.equal(withoutBlock(model, 'conv3_block1'), undefined);
      else {
        const layers = ['conv2_block1_out', 'conv2_block2_out'];
        const outputs = await readActivations(lesioned, data.test, layers);
        assert.deepEqual(outputs.get(layers[1]), outputs.get(layers[0]));
      }
      await model.dispose();
    }
  });

  test('a path leaves the loss as it is and gives kernels off the path no gradient', async () => {
    const model = cifarResnet(shape);
    const path = withOnePath(model, new Set(['conv2_block2']));
    for (const one of [model, path]) {
      one.compile({ loss: 'categoricalCrossentropy', replicas: 1 });
    }
    const whole = await model.probe(data.test);
    const { loss, weights } = await path.probe(data.test);
    assert.ok(Math.abs(loss - whole.loss) < 1e-5 * loss);
    const size = (name: string) => Math.max(...(weights.get(name) ?? [0]).map(Math.abs));
    assert.equal(size('conv2_block1_2_conv/kernel'), 0);
    assert.equal(size('conv4_block2_1_conv/kernel'), 0);
    await model.dispose();
    await path.dispose();
  });

  test('responses, paths and penalties give numbers for every layer and length', async () => {
    const found = await responses({ ...common, settings: { ...TINY, depth: 14 } });
    assert.deepEqual(
      Object.entries(found.data).map(([name, [profile]]) => [name, profile.length]),
      [
        ['plain-20', 19],
        ['residual-14', 13],
        ['residual-20', 19],
      ],
    );
    checkFigures(found.figures);
    const along = await paths({
      ...common,
      settings: { ...TINY, depth: 14, lengths: 3, samples: 2 },
    });
    assert.deepEqual(along.data.networks[0].lengths, [1, 3, 5]);
    checkFigures(along.figures);
    assert.ok(along.data.networks[0].norms.flat().every((norm) => norm >= 0));
    const penalised = await identity({ ...common, settings: { ...TINY, penalties: [0, 0.1] } });
    const ratios = penalised.data.rows.map((row) => row.found[0].ratios);
    assert.deepEqual(
      ratios.map(({ length }) => length),
      [1, 1, 1],
    );
    assert.ok(ratios[1][0] < ratios[0][0]);
    checkFigures(penalised.figures);
  });

  test('a lesion study finds a whole network and every block that can go', async () => {
    const settings = { ...TINY, depth: 14 };
    const { data: found, checks, figures } = await lesion({ ...common, settings });
    checkFigures(figures);
    assert.deepEqual(Object.keys(found), ['residual-20', 'residual-14', 'plain-14']);
    // Six blocks in a residual network of 14 layers and nine in one of 20, less those that change the shape.
    const blocks = Object.values(found).map(([one]) => one.blocks.length);
    assert.deepEqual(blocks, [7, 4, 4]);
    for (const [{ whole, without }] of Object.values(found)) {
      assert.ok([whole, ...without].every((accuracy) => accuracy >= 0 && accuracy <= 1));
    }
    assert.ok(checks.length > 0 && checks.every(({ seeds }) => seeds === 1));
  });

  test('other shortcuts: half the signal is half the signal, a closed gate is the identity', async () => {
    const model = cifarResnet(shape);
    const layers = ['conv2_block1_add'];
    const whole = (await readActivations(model, data.test, layers)).get(layers[0])?.data;
    const half = withShortcuts(model, 'scale 0.5');
    const scaled = (await readActivations(half, data.test, layers)).get(layers[0])?.data;
    assert.ok(whole !== undefined && scaled !== undefined);
    whole.forEach((value, i) => {
      assert.ok(Math.abs(scaled[i] - value / 2) <= 1e-6 * (1 + Math.abs(value)));
    });
    const { data: curves, figures } = await shortcuts({
      ...common,
      settings: { ...TINY, depth: 14 },
    });
    checkFigures(figures);
    assert.equal(Object.keys(curves).length, 8);
    for (const [{ loss, diverged }] of Object.values(curves)) {
      assert.ok(diverged || (loss.length === TINY.epochs && loss.every(Number.isFinite)));
    }
    await model.dispose();
    await half.dispose();
  });

  test('stochastic depth: inference is that of the whole network, training drops branches', async () => {
    const model = cifarResnet(shape);
    const dropping = withStochasticDepth(model, 0.5);
    const before = await model.predict(data.test);
    const after = await dropping.predict(data.test);
    after.data.forEach((p, i) => {
      assert.ok(Math.abs(p - before.data[i]) < 1e-6);
    });
    for (const one of [model, dropping]) {
      one.compile({ loss: 'categoricalCrossentropy', replicas: 1 });
    }
    assert.notEqual((await dropping.probe(data.test)).loss, (await model.probe(data.test)).loss);
    const { data: curves, figures } = await stochasticDepth({
      ...common,
      settings: { ...TINY, depth: 14 },
    });
    checkFigures(figures);
    assert.deepEqual(Object.keys(curves), ['constant depth', 'stochastic depth']);
    assert.ok(Object.values(curves).every(([{ loss }]) => loss.length === TINY.epochs));
    await model.dispose();
    await dropping.dispose();
  });

  test('a landscape has its trained loss in the middle, and minima are counted', async () => {
    const settings = { ...TINY, grid: 3, reach: 0.5, lossImages: 20 };
    const { data: found, figures } = await landscape({ ...common, settings });
    checkFigures(figures);
    await assert.rejects(
      landscape({ ...common, settings: { ...settings, grid: 4 } }),
      /grid must be an odd number of at least 3.*got 4/,
    );
    assert.ok(found.residual[0].loss.flat().every((value) => value > 0));
    const flat = Array.from({ length: 7 }, () => new Array<number>(7).fill(1));
    flat[1][1] = 0;
    flat[3][3] = 0;
    assert.equal(nonCentralMinima({ loss: flat }), 1);
  });
});
