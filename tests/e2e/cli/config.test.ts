import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { jsonLines, MINI_FOLDER, residuum, temporaryFolder } from './command.js';

const DESCRIPTION = {
  model: { name: 'small-resnet', options: { filters: [8, 16] } },
  data: {
    name: 'fashion-mnist-mini',
    limit: 60,
    augment: [{ name: 'padCrop', padding: 2 }, { name: 'flip' }],
  },
  optimizer: { name: 'sgd', momentum: 0.9, nesterov: true },
  schedule: { name: 'oneCycle', maxLearningRate: 0.1 },
  metrics: [{ name: 'topKAccuracy', k: 3 }],
  epochs: 2,
  batchSize: 20,
  seed: 4,
  checkpoint: { everySteps: 2 },
  engine: { replicas: 1 },
};

suite('descriptions of runs', () => {
  const folder = temporaryFolder({ after });
  const write = (name: string, content: object) =>
    writeFileSync(join(folder, name), JSON.stringify(content));
  const read = (name: string) =>
    JSON.parse(readFileSync(join(folder, name), 'utf8')) as Record<string, unknown>;

  async function printed(...args: string[]): Promise<Record<string, Record<string, unknown>>> {
    const { code, stdout, stderr } = await residuum(['train', ...args, '--print-config'], folder);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as Record<string, Record<string, unknown>>;
  }

  test('a run of a file; what it keeps, trained again, gives the same bytes', async () => {
    write('run.json', DESCRIPTION);
    const first = await residuum(['train', 'run.json', '--json', '--out', 'first'], folder);
    assert.equal(first.code, 0, first.stderr);
    const { settings, history } = read('first/run.json') as {
      settings: { schedule: object; learningRate: number };
      history: { figures: Record<string, number> }[];
    };
    assert.deepEqual(settings.schedule, {
      ...{ ...DESCRIPTION.schedule, totalEpochs: 2, pctStart: 0.3, annealStrategy: 'cos' },
      ...{ divFactor: 25, finalDivFactor: 1e4, threePhase: false },
    });
    assert.ok(Math.abs(settings.learningRate - 0.1 / 25) < 1e-12);
    assert.ok(history[0].figures.valTopKAccuracy > 0);
    const again = await residuum(
      ['train', 'first/config.json', '--json', '--out', 'again'],
      folder,
    );
    assert.equal(again.code, 0, again.stderr);
    const model = (run: string) => readFileSync(join(folder, run, 'model.safetensors'));
    assert.deepEqual(model('again'), model('first'));
    assert.equal(read('again/run.json').logSha256, read('first/run.json').logSha256);
    const other = await residuum(
      ['train', 'run.json', '--seed', '5', '--json', '--out', 'other'],
      folder,
    );
    assert.equal(other.code, 0, other.stderr);
    assert.notDeepEqual(model('other'), model('first'));
  });

  test('--print-config fills in all defaults, and what it prints means the same', async () => {
    assert.deepEqual(await printed(), {
      model: { name: 'resnet50', options: { stage3Strides: 1, glorot: 'perLayer' } },
      data: { name: 'fashion-mnist-mini', augment: [] },
      optimizer: {
        ...{ name: 'adam', learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
        ...{ weightDecay: 0, excludeFromWeightDecay: [], weightDecayMultipliers: {} },
        ...{ learningRateMultipliers: {}, useEma: false, emaMomentum: 0.99 },
      },
      loss: { name: 'categoricalCrossentropy', fromLogits: false, labelSmoothing: 0 },
      metrics: [{ name: 'accuracy' }],
      evaluate: { weights: 'current', views: [] },
      epochs: 2,
      batchSize: 32,
      seed: 0,
      callbacks: [],
      checkpoint: { everyMinutes: 5, keep: 2 },
      engine: { executor: 'cpu' },
    });
    write('run.json', DESCRIPTION);
    const full = await printed('run.json');
    write('full.json', full);
    assert.deepEqual(await printed('full.json'), full);
  });

  test('flags override a file or a recipe', async () => {
    write('run.json', DESCRIPTION);
    const flags = ['--epochs', '7', '--optimizer', 'adamw', '--weight-decay', '0.1'];
    const { optimizer, schedule, epochs } = await printed('run.json', ...flags);
    assert.deepEqual([optimizer.name, optimizer.weightDecay, epochs], ['adamw', 0.1, 7]);
    assert.equal(schedule.totalEpochs, 7);
    const constant = await printed('run.json', '--learning-rate', '0.5');
    assert.equal(constant.schedule, undefined);
    assert.equal(constant.optimizer.learningRate, 0.5);
    const still = await printed('--recipe', 'fast', '--weight-decay', '0');
    assert.equal(still.optimizer.weightDecay, 0);
    const article = await printed('--recipe', 'article', '--dataset', 'fashion-mnist-mini');
    assert.equal(article.model.name, 'resnet50');
    assert.equal(article.data.name, 'fashion-mnist-mini');
    assert.deepEqual([article.epochs, article.batchSize], [12, 100]);
  });

  test('paths in a file are those beside it', async () => {
    mkdirSync(join(folder, 'deep'), { recursive: true });
    write('deep/run.json', { data: { folder: 'data' }, model: { file: 'model.onnx' } });
    const { data, model } = await printed('deep/run.json');
    assert.equal(data.folder, join(folder, 'deep/data'));
    assert.equal(model.file, join(folder, 'deep/model.onnx'));
  });

  test('what is wrong is told in one sentence, with its path', async () => {
    const cases: [config: object, message: RegExp][] = [
      [{ epoch: 3 }, /^residuum: bad\.json: there is no setting epoch; did you mean 'epochs'\?$/m],
      [{ epochs: '3' }, /bad\.json: epochs is "3", expected a whole number ≥ 1 and ≤ 1000000\.$/m],
      [{ data: { limit: 0 } }, /data\.limit is 0, expected a whole number ≥ 1\./],
      [{ data: { augment: [{ padding: 3 }] } }, /data\.augment\[0\]\.name is missing\./],
      [
        { data: { augment: [{ name: 'flop' }] } },
        /data\.augment\[0\]: unknown .*did you mean 'flip'/,
      ],
      [{ data: { augment: [{ name: 'normalize' }] } }, /normalize' is not for runs/],
      [{ data: { name: 'minst' } }, /data\.name: unknown dataset 'minst'; did you mean 'mnist'\?/],
      [{ model: { name: 'resnet5' } }, /model: unknown model 'resnet5'; did you mean 'resnet50'/],
      [{ model: { options: { filter: [1] } } }, /model: resnet50 has no option 'filter'/],
      [{ optimizer: { name: 'sgd', momentun: 1 } }, /optimizer: .*momentun/],
      [{ optimizer: 'sgd' }, /optimizer is "sgd", expected an object\./],
      [
        {
          optimizer: { name: 'sgd', learningRate: 1 },
          schedule: { name: 'oneCycle', maxLearningRate: 1 },
        },
        /optimizer: it has a learningRate, and there is a schedule too/,
      ],
      [{ schedule: { name: 'oneCycel' } }, /schedule: unknown schedule 'oneCycel'/],
      [{ loss: { name: 'huge' } }, /loss: unknown loss 'huge'/],
      [{ metrics: [{ name: 'acuracy' }] }, /metrics\[0\]: unknown metric 'acuracy'/],
      [
        { engine: { executor: 'gpu' } },
        /engine\.executor is "gpu", expected one of cpu, reference/,
      ],
      [{ classWeights: { 3: '2' } }, /classWeights\.3 is "2", expected a number ≥ 0\.$/m],
      [{ classWeights: { shoe: 2 } }, /classWeights: .*by class index.*got shoe: 2/],
      [
        { classWeights: { 10: 2 } },
        /a weight for class 10, but the data has classes 0 to 9: T-shirt/,
      ],
      [{ evaluate: { weights: 'ema' } }, /evaluate: weights are 'ema', .*useEma: true/],
      [{ evaluate: { weights: 'swa' } }, /evaluate: weights are 'swa', so callbacks must have/],
      [{ evaluate: { views: [{ name: 'mixup' }] } }, /evaluate: 'mixup' blends images/],
      [{ evaluate: { views: [{ name: 'flop' }] } }, /evaluate: unknown .*did you mean 'flip'/],
      [{ checkpoint: { keep: 1 } }, /checkpoint\.keep is 1, expected a whole number ≥ 2/],
    ];
    for (const [config, message] of cases) {
      write('bad.json', config);
      const { code, stderr } = await residuum(['train', 'bad.json'], folder);
      assert.match(stderr, /^residuum: [^\n]+\n$/, JSON.stringify(config));
      assert.match(stderr, message);
      assert.equal(code, 1);
    }
    writeFileSync(join(folder, 'bad.json'), '{"epochs": 1, "epochs": 2}');
    const twice = await residuum(['train', 'bad.json'], folder);
    assert.match(twice.stderr, /bad\.json holds 'epochs' twice/);
    const both = await residuum(['train', 'run.json', '--recipe', 'fast'], folder);
    assert.match(both.stderr, /both describe the run/);
    const unknown = await residuum(['train', '--recipe', 'fats'], folder);
    assert.match(unknown.stderr, /unknown recipe 'fats'; did you mean 'fast'\?/);
  });

  test('the recipes are listed, and each of them can be trained', async () => {
    const { code, stdout, stderr } = await residuum(['recipes', '--json'], folder);
    assert.equal(code, 0, stderr);
    const names = jsonLines(stdout).map(({ name }) => name);
    assert.deepEqual(names, ['article', 'best', 'cifar-resnet20', 'fast', 'mnist']);
    for (const name of names.map(String)) {
      const { epochs } = await printed('--recipe', name);
      assert.ok(Number(epochs) > 0, name);
    }
    const few = ['--data', MINI_FOLDER, '--limit', '40', '--epochs', '1', '--no-report'];
    const trained = await residuum(
      ['train', '--recipe', 'fast', ...few, '--dataset', 'fashion-mnist-mini', '--json'],
      folder,
    );
    assert.equal(trained.code, 0, trained.stderr);
  });
});
