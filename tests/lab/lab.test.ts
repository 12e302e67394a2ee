import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { autocorrelation } from '../../src/lab/shattering.js';
import { bandOf, linearFit, median } from '../../src/lab/statistics.js';
import { withSkipInit } from '../../src/lab/zero-gamma.js';
import {
  blocks,
  degradation,
  experiments,
  findExperiment,
  gradients,
  InterruptedExperiment,
  type LabOptions,
  lesion,
  memoryStore,
  responses,
  shattering,
  stochasticDepth,
  zeroGamma,
} from '../../src/node/lab.js';
import { ArrayDataset, cifarResnet, ValueError, VERSION } from '../../src/node.js';
import { checkFigures, TINY, tinyData } from './tiny-data.js';

const data = tinyData();
const engine = { replicas: 1 };
const common = { data, engine, seeds: 1 };

suite('lab', () => {
  test('gradient laws lie within their bands', async () => {
    const settings = {
      depth: 24,
      width: 128,
      batch: 64,
      trainedDepth: 8,
      trainedWidth: 4,
      steps: 4,
      batchSize: 20,
      images: 40,
      shrink: 1,
    };
    const {
      data: found,
      checks,
      figures,
      tables,
    } = await gradients({ ...common, seeds: 2, settings });
    const factor = (name: keyof typeof found.laws) => found.laws[name][0].factor;
    assert.ok(Math.abs(factor('plain, Glorot, no BN') - Math.SQRT1_2) < 0.05);
    assert.ok(Math.abs(factor('plain, He, no BN') - 1) < 0.05);
    assert.ok(Math.abs(factor('plain, He, BN') - 1.21) < 0.08);
    assert.ok(factor('residual, He, BN') < 1.15);
    assert.ok(
      found.laws['residual, He, BN'][0].exponent < found.laws['plain, He, BN'][0].exponent / 2,
    );
    assert.equal(checks.filter(({ source }) => source === 'article')[0].holds, 0);
    // Every seed trains networks of its own, and is judged.
    for (const networks of Object.values(found.training)) {
      assert.equal(networks.length, 2);
      assert.notDeepEqual(networks[0].norms, networks[1].norms);
      assert.ok(networks.every(({ steps }) => steps.join() === '0,1,2,3'));
    }
    const [{ norms, kernels }] = found.training['residual, BN'];
    assert.ok(norms.flat().every((norm) => norm > 0) && norms[0].length === kernels.length);
    const trained = checks.filter(({ claim }) => claim.includes('while training'));
    assert.deepEqual(
      trained.map(({ seeds }) => seeds),
      [2, 2, 2],
    );
    const rows = Object.values(found.training).flatMap((networks) =>
      networks.flatMap((network) => network.norms.flat()),
    );
    assert.deepEqual(
      tables[1].rows.map((row) => row[4]),
      rows,
    );
    assert.equal(figures.length, 5);
    checkFigures(figures);
  });

  test('gradients shatter in plain networks and not in residual ones', async () => {
    const settings = { depth: 30, width: 64, points: 64, networks: 1 };
    const { data: found, figures } = await shattering({ engine, seeds: 2, settings });
    checkFigures(figures);
    for (const seed of [0, 1]) {
      const { shallow, plain, residual } = found.autocorrelation;
      assert.equal(plain[seed][0], 1);
      assert.ok(plain[seed][1] < 0.5 && residual[seed][1] > plain[seed][1]);
      assert.ok(shallow[seed][1] > 0.9);
    }
  });

  test('with γ = 0 blocks are relu bit for bit, and SkipInit begins as the shortcuts alone', async () => {
    const settings = { ...TINY, depth: 14, learningRate: 0.02 };
    const { data: found, checks, figures } = await zeroGamma({ ...common, settings });
    checkFigures(figures);
    // Six blocks, of which the first of stages 3 and 4 change the shape.
    assert.deepEqual(found.blocks, { compared: 4, exact: 4 });
    assert.equal(checks[0].holds, 1);
    assert.ok(found.curves.SkipInit[0].loss[1] < found.curves.SkipInit[0].loss[0]);
    const model = withSkipInit(
      cifarResnet({ depth: 8, width: 4, inputShape: [8, 8, 1], normalization: 'none' }),
    );
    assert.equal(model.layers.filter(({ className }) => className === 'SkipGain').length, 3);
  });

  test('degradation compares four networks, and tells what it finds', async () => {
    const {
      data: found,
      checks,
      tables,
      measured,
      figures,
    } = await degradation({ ...common, settings: { ...TINY, depth: 26 } });
    assert.deepEqual(
      found.networks.map(({ family, depth }) => `${family}-${depth}`),
      ['plain-20', 'plain-26', 'residual-20', 'residual-26'],
    );
    const loss = (i: number) => found.networks[i].curves[0].loss[1];
    assert.deepEqual(
      checks.slice(0, 3).map(({ holds }) => holds),
      [loss(1) > loss(0), loss(1) > loss(3), loss(3) <= loss(2) * 1.05].map(Number),
    );
    assert.equal(tables[0].rows.length, 8);
    assert.equal(measured.length, 4);
    checkFigures(figures);
  });

  test("the article's four blocks: only those with branches learn much", async () => {
    const { data: found, figures } = await blocks({
      ...common,
      settings: { ...TINY, epochs: 4, depth: 14 },
    });
    checkFigures(figures);
    assert.equal(found['shortcut only'][0].gradients.length, 6);
    // Through shortcuts alone the gradient of a stage's blocks is the same where relu is always on.
    const [first, second] = found['shortcut only'][0].gradients;
    assert.ok(Math.abs(first - second) < 1e-6 * first);
    const end = (kind: keyof typeof found) => found[kind][0].curve.loss[3];
    assert.ok(end('plain + shortcut') < end('shortcut only'));
    assert.ok(end('every block residual') < end('shortcut only'));
  });

  test('finished parts are not computed again, and an interrupted training goes on bit for bit', async () => {
    const settings = { ...TINY, depth: 8, epochs: 3 };
    const whole = await degradation({ ...common, settings });
    const store = memoryStore();
    const controller = new AbortController();
    const stopIn = (progress: { part: string; done: number }) => {
      if (progress.part.startsWith('plain-20') && progress.done > 0.3) controller.abort();
    };
    await assert.rejects(
      degradation({ ...common, settings, store, signal: controller.signal, onProgress: stopIn }),
      InterruptedExperiment,
    );
    const told: string[] = [];
    const resumed = await degradation({
      ...common,
      settings,
      store,
      onProgress: ({ part }) => told.push(part),
    });
    assert.ok(!told.includes('plain-8 seed 0') && told.includes('plain-20 seed 0'));
    const losses = (result: typeof whole) =>
      result.data.networks.map(({ curves }) => curves[0].loss);
    assert.deepEqual(losses(resumed), losses(whole));
    const again: string[] = [];
    const onProgress = ({ part }: { part: string }) => void again.push(part);
    const { parts } = await degradation({ ...common, settings, store, onProgress });
    assert.deepEqual(again, []);
    assert.deepEqual(parts, { all: 4, kept: 4 });
    assert.deepEqual(whole.parts, { all: 4, kept: 0 });
  });

  test('what was kept counts for the same version, engine and images alone', async () => {
    const store = memoryStore();
    const written = new Map<string, string>();
    const watched = {
      read: store.read,
      async write(name: string, bytes: Uint8Array) {
        written.set(name, new TextDecoder().decode(bytes));
        await store.write(name, bytes);
      },
    };
    const settings = { ...TINY, epochs: 1 };
    const kept = async (options: LabOptions) => {
      const { parts } = await stochasticDepth({ ...common, ...options, settings, store: watched });
      return parts.kept;
    };
    assert.equal(await kept({}), 0);
    const texts = [...written].filter(([name]) => name.startsWith('part-')).map(([, text]) => text);
    assert.equal(texts.length, 2);
    for (const text of texts) {
      const { description } = JSON.parse(text) as { description: string };
      const [origin] = JSON.parse(description) as [string];
      const [, version, { executor, replicas, gemm }] = JSON.parse(origin) as [
        number,
        string,
        { executor: string; replicas: number; gemm: string },
      ];
      assert.deepEqual([version, executor, replicas], [VERSION, 'cpu', 1]);
      assert.match(gemm, /^(onnxruntime|wasm)/);
    }
    const files = written.size;
    assert.equal(await kept({}), 2);
    assert.equal(written.size, files);
    // Networks of another engine or of other images are trained anew, too.
    assert.equal(await kept({ engine: { replicas: 2 } }), 0);
    assert.equal(written.size, 2 * files);
    assert.equal(await kept({ engine: { replicas: 1, executor: 'reference' } }), 0);
    const others = new ArrayDataset({
      inputs: { data: new Float32Array(40 * 64).fill(0.5), shape: [40, 8, 8, 1] },
      targets: { data: Uint8Array.from({ length: 40 }, (_, i) => i % 10), shape: [40], oneHot: 10 },
    });
    assert.equal(await kept({ data: { ...data, train: others } }), 0);
    assert.equal(written.size, 4 * files);
    assert.equal(await kept({}), 2);
  });

  test('a signal ends work between trainings too, at the next step', async () => {
    const controller = new AbortController();
    const told: number[] = [];
    const settings = { ...TINY, depth: 4, width: 8, batch: 8, trainedDepth: 8, trainedWidth: 4 };
    const { epochs, ...sizes } = settings;
    const onProgress = ({ part, done }: { part: string; done: number }) => {
      told.push(done);
      if (part.startsWith('training')) controller.abort();
    };
    const { signal } = controller;
    await assert.rejects(
      gradients({ ...common, settings: { ...sizes, steps: 100 }, signal, onProgress }),
      InterruptedExperiment,
    );
    // Nothing was told after the first of a hundred steps.
    assert.ok(told[told.length - 1] < 0.5, String(told));
  });

  test('a training that was killed goes on from its last epoch, bit for bit', async () => {
    const settings = { ...TINY, epochs: 4 };
    const whole = await stochasticDepth({ ...common, settings });
    const store = memoryStore();
    const kill = ({ done }: { done: number }) => {
      // In the third of four epochs of the second of two networks.
      if (done > 0.8) throw new Error('killed');
    };
    await assert.rejects(
      stochasticDepth({ ...common, settings, store, onProgress: kill }),
      /killed/,
    );
    const told: number[] = [];
    const onProgress = ({ done }: { done: number }) => void told.push(done);
    const resumed = await stochasticDepth({ ...common, settings, store, onProgress });
    assert.equal(told[0], 0.5);
    assert.ok(told[1] > 0.75, `went on at ${told[1]}`);
    const losses = ({
      data: {
        'stochastic depth': [curve],
      },
    }: typeof whole) => curve.loss;
    assert.deepEqual(losses(resumed), losses(whole));
  });

  test('settings and report say the images that there were, and weight decay is trained with', async () => {
    const most = { ...TINY, images: 55_000, testImages: 10_000 };
    const { settings, method, data: free } = await stochasticDepth({ ...common, settings: most });
    assert.deepEqual([settings.images, settings.testImages], [40, 20]);
    assert.match(method[0], /first 40 training images.*no weight decay.*tested on 20 test images/);
    const decaying = await stochasticDepth({ ...common, settings: { ...TINY, weightDecay: 0.1 } });
    assert.match(decaying.method[0], /weight decay 0\.1, of which the penalty is part/);
    const first = (found: typeof free) => found['constant depth'][0].loss[0];
    assert.ok(first(decaying.data) > first(free) + 0.1);
  });

  test('a depth that cannot be compared is refused before anything is trained', async () => {
    const store = { read: async () => undefined, write: async () => assert.fail('trained') };
    const onProgress = () => assert.fail('began');
    for (const [depth, message] of [
      [20, /depth 20 is that of the network that is compared with it; give another, such as 56/],
      [21, /depth must be 6n \+ 2.*got 21/],
    ] as const) {
      for (const run of [degradation, lesion, responses]) {
        await assert.rejects(
          run({ ...common, settings: { ...TINY, depth }, store, onProgress }),
          (error: Error) => error instanceof ValueError && message.test(error.message),
        );
      }
    }
  });

  test('data of other than ten classes are refused', async () => {
    await assert.rejects(
      degradation({ ...common, data: tinyData(40, 20, 8, 12), settings: { ...TINY, depth: 26 } }),
      (error: Error) => error instanceof ValueError && /10 classes.*\[12\]/.test(error.message),
    );
  });

  test('bad options are told', async () => {
    await assert.rejects(degradation({}), /data: await loadDataset/);
    await assert.rejects(shattering({ seeds: 0 }), ValueError);
    await assert.rejects(
      shattering({ settings: { epochs: 3 } }),
      /no setting 'epochs'; it has depth/,
    );
    assert.throws(() => findExperiment('gradient'), /gradients/);
    assert.equal(new Set(experiments.map(({ name }) => name)).size, experiments.length);
  });

  test('statistics', () => {
    assert.deepEqual(linearFit([1, 2, 3], [3, 5, 7]), { slope: 2, intercept: 1, r2: 1 });
    assert.equal(median([3, 1, 2, 10]), 2.5);
    const band = bandOf([[1, 2, 3], [3]]);
    assert.deepEqual(band, { middle: [2, 2, 3], lower: [1, 2, 3], upper: [3, 2, 3] });
    const waves = Array.from({ length: 64 }, (_, i) => (i % 2 === 0 ? 1 : -1));
    assert.ok(Math.abs(autocorrelation(waves, 1)[1] + 63 / 64) < 1e-12);
  });
});
