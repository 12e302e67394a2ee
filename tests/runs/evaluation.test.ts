import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { RunFolder } from '../../src/node/run-folder.js';
import { type RunSettings, startRun } from '../../src/node/train-run.js';
import {
  calibration,
  classify,
  evaluateViews,
  flip,
  loadDataset,
  type Model,
  padCrop,
  predictViews,
} from '../../src/node.js';
import { jsonLines, residuum, temporaryFolder } from '../e2e/cli/command.js';
import { countDiskCalls, trainOnFailingDisk } from './disk-failures.js';
import { finishTiny, interruptTiny, resultOf, TINY, tinyModel, trainTiny } from './tiny-run.js';

const ENGINE = { replicas: 1, gemm: 'wasm' } as const;

const EMA: RunSettings = {
  ...TINY,
  optimizerOptions: { useEma: true, emaMomentum: 0.5 },
  classWeights: { 0: 2, 7: 0.5 },
  evaluate: { weights: 'ema', views: [{ name: 'flip', probability: 1 }] },
};

const SWA: RunSettings = {
  ...TINY,
  epochs: 3,
  callbacks: [{ name: 'swa', startEpoch: 1 }],
  evaluate: { weights: 'swa' },
};

suite('what a run evaluates', () => {
  const folder = temporaryFolder({ after });
  const path = (name: string) => join(folder, name);
  const parts = loadDataset(TINY.dataset, TINY);
  const valuesOf = async (model: Model) => {
    const read = model.namedVariables.map(
      async ({ entry, variable }) => [entry, (await variable.read()).slice()] as const,
    );
    return new Map(await Promise.all(read));
  };
  const epochsOf = (run: string) =>
    jsonLines(readFileSync(join(path(run), 'log.jsonl'), 'utf8')).filter(
      ({ event }) => event === 'epoch',
    );

  /** Interrupted after any of some steps, a run ends with the same bytes. */
  async function survives(whole: string, steps: readonly number[], settings: RunSettings) {
    for (const step of steps) {
      const run = `${whole}-${step}`;
      await interruptTiny(path(run), step, settings);
      await finishTiny(path(run));
      assert.deepEqual(resultOf(path(run)), resultOf(path(whole)), run);
    }
  }

  test('moving averages and views: validation, the test, and whoever reads the model', async () => {
    await trainTiny(path('ema'), {}, EMA);
    const { validation, test: testing } = await parts;
    const stored = await RunFolder.open(path('ema'));
    const { model: trained } = await stored.readCheckpoint(ENGINE);
    const model = await stored.readModel(ENGINE);
    const { slots } = await trained.optimizerState();
    const [weights, evaluated] = [await valuesOf(trained), await valuesOf(model)];
    let differing = 0;
    for (const [entry, values] of evaluated) {
      const average = slots.get('average')?.get(entry);
      assert.deepEqual(values, average ?? weights.get(entry), entry);
      if (average !== undefined) differing += Number(weights.get(entry)?.[0] !== average[0]);
    }
    assert.ok(differing > 4);
    const options = { batchSize: EMA.batchSize };
    const validated = await model.evaluate(validation, options);
    const last = epochsOf('ema').at(-1);
    assert.deepEqual([last?.valLoss, last?.valAccuracy], [validated.loss, validated.accuracy]);
    const views = [flip({ probability: 1 })];
    const tested = await evaluateViews(model, testing, views, options);
    const seen = await evaluateViews(model, validation, views, options);
    const stated = resultOf(path('ema'));
    assert.deepEqual([stated.test, stated.validation], [tested, seen]);
    assert.notEqual(tested.loss, (await model.evaluate(testing, options)).loss);
    await Promise.all([model.dispose(), trained.dispose()]);
    await survives('ema', [2, 4, 5], EMA);
  });

  test('means of epochs: in the model when training is over, with statistics of their own', async () => {
    const calls = await countDiskCalls(path('swa'), SWA);
    const { train, validation, test: testing } = await parts;
    const { model, arrays } = await (await RunFolder.open(path('swa'))).readCheckpoint(ENGINE);
    const weights = await valuesOf(model);
    const options = { batchSize: SWA.batchSize };
    const stated = resultOf(path('swa'));
    assert.deepEqual(stated.test, await model.evaluate(testing, options));
    assert.deepEqual(stated.validation, await model.evaluate(validation, options));
    assert.notEqual(epochsOf('swa').at(-1)?.valLoss, (stated.validation as { loss: number }).loss);
    for (const { entry, variable } of model.namedVariables) {
      const mean = arrays.get(`0-swa/${entry}`) ?? assert.fail(entry);
      if (!entry.includes('/moving')) assert.deepEqual(weights.get(entry), mean, entry);
      variable.write(mean);
    }
    await model.updateBatchNormalization(train, options);
    assert.deepEqual(await valuesOf(model), weights);
    await model.dispose();
    await survives('swa', [4, 7, 9], SWA);
    // Also when the disk fails while they are written.
    for (let call = calls - 17; call < calls; call += 4) {
      const disk = { code: 'EIO', call, lasting: true };
      const whole = resultOf(path('swa'));
      assert.ok(await trainOnFailingDisk(path(`failed-${call}`), disk, whole, SWA));
    }
  });

  test('weights of classes count in the loss of training', async () => {
    const classWeights = Object.fromEntries(Array.from({ length: 10 }, (_, c) => [c, 2]));
    await trainTiny(path('plain'), {}, { ...TINY, epochs: 1 });
    await trainTiny(path('doubled'), {}, { ...TINY, epochs: 1, classWeights });
    const first = (run: string) =>
      jsonLines(readFileSync(join(path(run), 'log.jsonl'), 'utf8')).find(
        ({ event }) => event === 'batch',
      )?.loss as number;
    assert.equal(first('doubled'), 2 * first('plain'));
    const beyond = startRun({ ...TINY, classWeights: { 10: 2 } }, path('beyond'), {
      model: tinyModel(),
    });
    await assert.rejects(beyond, /a weight for class 10, but the data has classes 0 to 9/);
  });

  test('the report classifies by the views of the test, and says so', async () => {
    const evaluate = {
      views: [
        { name: 'flip', probability: 1 },
        { name: 'padCrop', padding: 6 },
      ],
    };
    await trainTiny(path('reported'), {}, { ...TINY, limit: 60, evaluate });
    const { code, stdout, stderr } = await residuum(['report', 'reported', '--json'], folder);
    assert.equal(code, 0, stderr);
    const [{ accuracy, ece }] = jsonLines(stdout);
    const record = await (await RunFolder.open(path('reported'))).readRecord();
    assert.ok(Math.abs(Number(accuracy) - (record.test?.accuracy ?? 0)) < 1e-6);
    const page = readFileSync(join(path('reported'), 'report.html'), 'utf8');
    assert.match(page, /means over the images and changed views of them \(flip, padCrop\)/);
    assert.ok(page.includes(record.machine?.processor ?? '?'));
    const model = await (await RunFolder.open(path('reported'))).readModel(ENGINE);
    const { test: testing } = await loadDataset(TINY.dataset, { ...TINY, limit: 60 });
    const views = [flip({ probability: 1 }), padCrop({ padding: 6 })];
    const options = { batchSize: 5, seed: TINY.seed };
    const { probabilities } = await classify(model, testing, { ...options, views });
    const [{ data }] = await predictViews(model, testing, views, options);
    assert.deepEqual(probabilities, data);
    const plain = await classify(model, testing, options);
    assert.notDeepEqual(plain.probabilities, probabilities);
    const { ece: own } = calibration(await classify(model, testing, { ...options, views }));
    assert.ok(Math.abs(own - Number(ece)) < 1e-6);
    await model.dispose();
  });

  test('the figures of views are one evaluation, told as it goes', async () => {
    const { test: testing } = await parts;
    const { model } = await (await RunFolder.open(path('ema'))).readCheckpoint(ENGINE);
    const heard: (string | number)[] = [];
    const figures = await evaluateViews(model, testing, [flip({ probability: 1 })], {
      batchSize: 6,
      callbacks: [
        {
          onTestBegin: ({ samples }) => void heard.push('begin', samples),
          onTestBatchEnd: (_, { samples }) => void heard.push(samples),
          onTestEnd: ({ loss }) => void heard.push('end', loss),
        },
      ],
    });
    assert.deepEqual(heard, ['begin', 12, 3, 6, 9, 12, 'end', figures.loss]);
    await model.dispose();
  });

  test('residuum evaluate: the views of the run, others, or none', async () => {
    await trainTiny(path('views'), {}, EMA);
    const evaluate = async (...flags: string[]) => {
      const args = ['evaluate', 'views', '--json', '--replicas', '1', '--gemm', 'wasm', ...flags];
      const { code, stdout, stderr } = await residuum(args, folder);
      assert.equal(code, 0, stderr);
      return jsonLines(stdout)[0];
    };
    const own = await evaluate();
    const { loss, accuracy } = resultOf(path('views')).test as Record<string, number>;
    assert.deepEqual([own.views, own.loss, own.accuracy], [['flip'], loss, accuracy]);
    assert.equal((await evaluate('--views', 'flip')).loss, loss);
    assert.notEqual((await evaluate('--views', 'none')).loss, loss);
    const { stderr } = await residuum(['evaluate', 'views', '--views', 'cutmix'], folder);
    assert.match(stderr, /^residuum: 'cutmix' blends images[^\n]+\n$/);
  });
});
