import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { applications } from '../../applications/registry.js';
import type { NamedOptions } from '../../core/named-options.js';
import { augmentationNames } from '../../data/augment/registry.js';
import { clearNames } from '../../layers/unique-name.js';
import { type OptimizerName, optimizerNames, resolveOptimizer } from '../../training/optimizers.js';
import { scheduleNames } from '../../training/schedules/resolve-schedule.js';
import { packagePath } from '../package-file.js';
import { decodeRecord } from '../runs/decode-record.js';
import type { RunSettings } from '../runs/run-record.js';
import { optimizerOptionsOf } from './filled-options.js';
import { readRecipe, recipeNames } from './recipes.js';
import { parseRunConfig, type RunConfig } from './run-config.js';
import { configOfSettings, settingsOfConfig } from './settings-of-config.js';

/** What is printed of a description. */
function printed(config: RunConfig): RunConfig {
  const text = JSON.stringify(configOfSettings(settingsOfConfig(config, 'it')));
  return parseRunConfig(text, 'it');
}

const FILL = { fillMode: 'constant', fillValue: 0 };
const MONITOR = { monitor: 'valLoss', mode: 'auto', minDelta: 0 };

/** Every augmentation by name alone but for what it cannot do without, and what it then is. */
const AUGMENTATIONS: Readonly<Record<string, object>> = {
  flip: { horizontal: true, vertical: false, probability: 0.5 },
  padCrop: { padding: 4, ...FILL },
  shift: { width: 0.1, height: 0.1, ...FILL },
  rotate: { degrees: 15, ...FILL },
  zoom: { range: [0.9, 1.1], ...FILL },
  colorJitter: { brightness: 0, contrast: 0, saturation: 0, hue: 0 },
  randAugment: { operations: 2, magnitude: 9 },
  randomErasing: { probability: 0.5, scale: [0.02, 0.33], ratio: [0.3, 3.3], fillValue: 0 },
  cutout: { fillValue: 0, probability: 1 },
  mixup: { alpha: 0.2, probability: 1 },
  cutmix: { alpha: 1, probability: 1 },
};

type Table = readonly (readonly [given: NamedOptions, meant: object])[];

const CROSSENTROPY = { fromLogits: false, labelSmoothing: 0 };
const LOSSES: Table = [
  [{ name: 'binaryCrossentropy' }, CROSSENTROPY],
  [
    { name: 'binaryFocalCrossentropy' },
    { ...CROSSENTROPY, applyClassBalancing: false, alpha: 0.25, gamma: 2 },
  ],
  [
    { name: 'categoricalCrossentropy', labelSmoothing: 0.1 },
    { ...CROSSENTROPY, labelSmoothing: 0.1 },
  ],
  [{ name: 'categoricalFocalCrossentropy' }, { ...CROSSENTROPY, alpha: 0.25, gamma: 2 }],
  [{ name: 'hinge' }, {}],
  [{ name: 'huber' }, { delta: 1 }],
  [{ name: 'mae' }, {}],
  [{ name: 'meanAbsoluteError' }, {}],
  [{ name: 'meanSquaredError' }, {}],
  [{ name: 'mse' }, {}],
  [{ name: 'sparseCategoricalCrossentropy' }, CROSSENTROPY],
  [{ name: 'squaredHinge' }, {}],
];

const METRICS: Table = [
  [{ name: 'expectedCalibrationError' }, { bins: 15 }],
  [{ name: 'f1Score' }, { average: 'macro' }],
  [
    { name: 'f1Score', config: { average: null, name: 'f1' } },
    { config: { average: null, name: 'f1' } },
  ],
  [{ name: 'mse' }, {}],
  [{ name: 'precision' }, { thresholds: 0.5 }],
  [{ name: 'recall', topK: 2 }, { topK: 2 }],
  [{ name: 'topKAccuracy' }, { k: 5 }],
  [{ name: 'topKAccuracy', config: { k: 3, name: 'top3' } }, { config: { k: 3, name: 'top3' } }],
];

const CALLBACKS: Table = [
  [
    { name: 'earlyStopping', baseline: 0.5 },
    { ...MONITOR, patience: 0, baseline: 0.5, restoreBestWeights: false, startFromEpoch: 0 },
  ],
  [
    { name: 'reduceLROnPlateau' },
    { ...MONITOR, minDelta: 0.0001, factor: 0.1, patience: 10, cooldown: 0, minLr: 0 },
  ],
  [
    { name: 'swa', startEpoch: 1 },
    { startEpoch: 1, frequency: 1 },
  ],
  [
    { name: 'csvLogger', filename: 'a.csv' },
    { filename: 'a.csv', separator: ',', append: false },
  ],
  [
    { name: 'jsonlLogger', filename: 'a' },
    { filename: 'a', batches: false, append: false },
  ],
  [
    { name: 'modelCheckpoint', filepath: '{epoch}.keras' },
    { filepath: '{epoch}.keras', ...MONITOR, saveBestOnly: false, saveFreq: 'epoch' },
  ],
  [
    {
      name: 'modelCheckpoint',
      filepath: 'b',
      everyMinutes: 0.1,
      keepLast: 2,
      initialValueThreshold: 1,
    },
    {
      ...{ filepath: 'b', ...MONITOR, saveBestOnly: false },
      ...{ initialValueThreshold: 1, everyMinutes: 0.1, keepLast: 2 },
    },
  ],
  [
    { name: 'tensorBoard' },
    {
      ...{ logDir: 'logs', histogramFreq: 0, writeGraph: true },
      ...{ writeImages: false, updateFreq: 'epoch' },
    },
  ],
];

const SCHEDULES: Table = [
  [
    { name: 'cosineDecay', initialLearningRate: 0.1, warmupTarget: 0.2, warmupEpochs: 1 },
    { initialLearningRate: 0.1, warmupTarget: 0.2, warmupEpochs: 1, decayEpochs: 3, alpha: 0 },
  ],
  [
    { name: 'cosineDecayRestarts', initialLearningRate: 0.1, firstDecayEpochs: 1 },
    { initialLearningRate: 0.1, firstDecayEpochs: 1, tMul: 2, mMul: 1, alpha: 0 },
  ],
  [
    { name: 'exponentialDecay', initialLearningRate: 0.1, decaySteps: 3, decayRate: 0.5 },
    { initialLearningRate: 0.1, decaySteps: 3, decayRate: 0.5, staircase: false },
  ],
  [
    { name: 'inverseTimeDecay', initialLearningRate: 0.1, decayEpochs: 0.5, decayRate: 0.5 },
    { initialLearningRate: 0.1, decayEpochs: 0.5, decayRate: 0.5, staircase: false },
  ],
  [
    { name: 'oneCycle', config: { maxLearningRate: 0.4 } },
    {
      ...{ maxLearningRate: 0.4, totalEpochs: 4, pctStart: 0.3, annealStrategy: 'cos' },
      ...{ divFactor: 25, finalDivFactor: 1e4, threePhase: false },
    },
  ],
  [
    { name: 'piecewiseConstantDecay', boundaryEpochs: [1], values: [1, 2] },
    { boundaryEpochs: [1], values: [1, 2] },
  ],
  [
    { name: 'polynomialDecay', initialLearningRate: 0.1 },
    { initialLearningRate: 0.1, decayEpochs: 4, endLearningRate: 0.0001, power: 1, cycle: false },
  ],
  [
    { name: 'warmUp', epochs: 1, schedule: { name: 'cosineDecay', initialLearningRate: 0.1 } },
    {
      ...{ epochs: 1, initialLearningRate: 0 },
      schedule: { name: 'cosineDecay', initialLearningRate: 0.1, decayEpochs: 3, alpha: 0 },
    },
  ],
];

const OPTIONS = {
  ...{ weightDecay: 0, excludeFromWeightDecay: [], weightDecayMultipliers: {} },
  ...{ learningRateMultipliers: {}, useEma: false, emaMomentum: 0.99 },
};
const ADAM = { ...OPTIONS, learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };
const OPTIMIZERS: Readonly<Record<OptimizerName, object>> = {
  adam: ADAM,
  adamw: { ...ADAM, weightDecay: 0.004 },
  lamb: ADAM,
  lion: { ...OPTIONS, learningRate: 0.001, beta1: 0.9, beta2: 0.99 },
  rmsprop: {
    ...{ ...OPTIONS, learningRate: 0.001, rho: 0.9 },
    ...{ momentum: 0, epsilon: 1e-7, centered: false },
  },
  sgd: { ...OPTIONS, learningRate: 0.01, momentum: 0, nesterov: false },
};

suite('a description with all its defaults', () => {
  const named = (table: Table) => table.map(([given]) => given);
  const filled = (table: Table) => table.map(([{ name }, options]) => ({ name, ...options }));

  test('of every recipe: what is printed, read again, is printed the same', () => {
    const names = recipeNames();
    assert.ok(names.length >= 5);
    for (const name of names) {
      const once = printed(readRecipe(name));
      assert.deepEqual(printed(once), once, name);
      assert.equal(JSON.stringify(printed(once)), JSON.stringify(once), name);
    }
    const best = printed(readRecipe('best'));
    assert.deepEqual(best.data?.augment, [
      { name: 'padCrop', ...AUGMENTATIONS.padCrop, padding: 1 },
      { name: 'flip', ...AUGMENTATIONS.flip },
      { name: 'randomErasing', ...AUGMENTATIONS.randomErasing },
    ]);
    assert.deepEqual(best.model?.options, {
      ...{ filters: [16, 64, 128, 256], blocksPerStage: 1, initializer: 'heNormal' },
    });
    const { options } = printed(readRecipe('cifar-resnet20')).model ?? {};
    assert.deepEqual(options?.kernelRegularizer, { l1: 0, l2: 0.00005 });
  });

  test('of everything that has a name', () => {
    assert.deepEqual(
      [...Object.keys(AUGMENTATIONS), 'normalize'].sort(),
      [...augmentationNames].sort(),
    );
    assert.deepEqual(
      named(SCHEDULES).map(({ name }) => name),
      scheduleNames,
    );
    assert.deepEqual(Object.keys(OPTIMIZERS).sort(), [...optimizerNames].sort());
    const views = Object.entries(AUGMENTATIONS).filter(([name]) => !/mix/.test(name));
    const config: RunConfig = {
      data: { augment: Object.keys(AUGMENTATIONS).map((name) => ({ name })) },
      metrics: named(METRICS),
      callbacks: named(CALLBACKS),
      evaluate: { views: views.map(([name]) => ({ name })) },
      epochs: 4,
      optimizer: { name: 'adam', clipNorm: 1, useEma: true },
      classWeights: { 3: 2 },
    };
    const full = printed(config);
    const changes = Object.entries(AUGMENTATIONS).map(([name, options]) => ({ name, ...options }));
    assert.deepEqual(full.data?.augment, changes);
    assert.deepEqual(full.evaluate?.views, [
      { name: 'flip', ...AUGMENTATIONS.flip, probability: 1 },
      ...views.slice(1).map(([name, options]) => ({ name, ...options })),
    ]);
    assert.deepEqual(full.metrics, [{ name: 'accuracy' }, ...filled(METRICS)]);
    assert.deepEqual(full.callbacks, filled(CALLBACKS));
    assert.deepEqual(full.optimizer, { name: 'adam', ...ADAM, clipNorm: 1, useEma: true });
    assert.deepEqual(printed(full), full);
    for (const [loss, options] of LOSSES) {
      const once = printed({ loss });
      assert.deepEqual(once.loss, { name: loss.name, ...options });
      assert.deepEqual(printed(once), once);
    }
    for (const [schedule, options] of SCHEDULES) {
      const once = printed({ schedule, epochs: 4 });
      assert.deepEqual(once.schedule, { name: schedule.name, ...options });
      assert.equal(once.optimizer?.learningRate, undefined);
      assert.deepEqual(printed(once), once);
    }
    for (const name of optimizerNames) {
      const once = printed({ optimizer: { name } });
      assert.deepEqual(once.optimizer, { name, ...OPTIMIZERS[name] });
      assert.deepEqual(printed(once), once);
    }
  });

  test('of every network: its defaults are what it is without them', () => {
    for (const [name, { defaults, options, build }] of Object.entries(applications)) {
      for (const option of Object.keys(defaults)) assert.ok(options.includes(option), name);
      assert.deepEqual(printed({ model: { name } }).model, { name, options: defaults });
      // Rows of one kind have the same factory.
      if (/152|101|110|56|44|32-|-32|34/.test(name)) continue;
      const shapes = { inputShape: [64, 64, 3], classes: 4 };
      const [plain, told] = [shapes, { ...defaults, ...shapes }].map((given) => {
        clearNames();
        return JSON.stringify(build(given).getConfig());
      });
      assert.equal(told, plain, name);
    }
  });

  test('the optimizer is told only what it does not do anyway', () => {
    const settings = settingsOfConfig({ optimizer: { name: 'adamw', weightDecay: 0, beta1: 0.8 } });
    assert.deepEqual(optimizerOptionsOf(settings), {
      ...{ beta1: 0.8, weightDecay: 0, learningRate: 0.001 },
    });
    const plain = settingsOfConfig({ optimizer: { name: 'sgd' } });
    assert.deepEqual(
      resolveOptimizer('sgd', optimizerOptionsOf(plain)).getConfig(),
      resolveOptimizer('sgd').getConfig(),
    );
  });

  test('of the committed runs, which were stored without defaults', () => {
    const folders = readdirSync(packagePath('results'));
    const records = folders
      .map((name) => packagePath(`results/${name}/run.json`))
      .filter((path) => existsSync(path));
    assert.ok(records.length >= 7);
    for (const path of records) {
      const { settings } = decodeRecord(readFileSync(path, 'utf8'), path).record;
      const once = parseRunConfig(JSON.stringify(configOfSettings(settings)), path);
      assert.deepEqual(printed(once), once);
    }
  });

  test('settings that were stored without defaults are printed with them', () => {
    const {
      loss: _,
      modelOptions: __,
      optimizerOptions: ___,
      weightDecay: ____,
      ...full
    } = settingsOfConfig({ data: { augment: [{ name: 'flip' }] } });
    const older: RunSettings = { ...full, augment: [{ name: 'flip' }] };
    assert.deepEqual(
      configOfSettings(older),
      configOfSettings(settingsOfConfig({ data: { augment: [{ name: 'flip' }] } })),
    );
  });
});

test('a description that is no JSON says where, without control characters of the file', () => {
  assert.throws(() => parseRunConfig('{\n  "epochs": 3,\n}', 'run.json'), {
    code: 'E_FORMAT',
    message: /^run\.json is no JSON: [^\n]+ at line 3, column 1\.$/,
  });
  assert.throws(() => parseRunConfig('{ "epochs": \u001b[2Jx }', 'run.json'), {
    message: /^run\.json is no JSON: \P{Cc}+\.$/u,
  });
});

test('what a run could not do later is refused at once, with its path', () => {
  const twice = { name: 'topKAccuracy', k: 3 };
  const called = (name: string) => ({ name: 'topKAccuracy', config: { name } });
  const logged = (filename: string) => [{ name: 'csvLogger', filename }];
  const watching = (monitor: string) => [{ name: 'earlyStopping', monitor }];
  const cases: [config: RunConfig, message: RegExp][] = [
    [{ metrics: [called('top 3')] }, /^it: metrics\[0\]: 'top 3' is no name of a figure/],
    [{ metrics: [called('5-best')] }, /'5-best' is no name of a figure/],
    [{ metrics: [called('précision')] }, /is no name of a figure/],
    [{ metrics: [twice, twice] }, /metrics\[1\]: there is a figure 'topKAccuracy' already/],
    [{ metrics: [called('loss')] }, /there is a figure 'loss' already/],
    [{ callbacks: watching('val_loss') }, /callbacks\[0\]: .*did you mean 'valLoss'\?/],
    [
      { callbacks: watching('precision'), metrics: [{ name: 'precision' }] },
      /'precision', which is no figure; did you mean 'valPrecision'\?/,
    ],
    [
      {
        callbacks: [
          { name: 'modelCheckpoint', filepath: 'a', saveBestOnly: true, monitor: 'best' },
        ],
      },
      /modelCheckpoint watches 'best'/,
    ],
    [
      {
        callbacks: [{ name: 'reduceLROnPlateau' }],
        schedule: { name: 'oneCycle', maxLearningRate: 1 },
      },
      /follows the schedule 'oneCycle'; leave one of them out/,
    ],
    [
      { callbacks: logged('log.jsonl') },
      /callbacks\[0\]: 'log\.jsonl' is a file that the run keeps/,
    ],
    [{ callbacks: logged('a/../model.safetensors') }, /is a file that the run keeps itself/],
    [{ callbacks: logged('model.previous-2.safetensors') }, /is a file that the run keeps itself/],
    [{ callbacks: logged('../a.csv') }, /leads out of the run's folder/],
    [{ callbacks: logged('a/../../a.csv') }, /leads out of the run's folder/],
    [{ callbacks: logged('/tmp/a.csv') }, /leads out of the run's folder/],
    [{ callbacks: [{ name: 'tensorBoard', logDir: '..' }] }, /leads out of the run's folder/],
  ];
  for (const [config, message] of cases) {
    assert.throws(() => settingsOfConfig(config, 'it'), { name: 'ValueError', message });
  }
  const metrics = [{ name: 'f1Score', average: null }, called('top-3')];
  for (const monitor of ['valF1Score_3', 'top-3', 'valTop-3', 'seconds', 'accuracy']) {
    assert.doesNotThrow(() => settingsOfConfig({ metrics, callbacks: watching(monitor) }));
  }
  assert.doesNotThrow(() => settingsOfConfig({ callbacks: logged('logs/best.csv') }));
});
