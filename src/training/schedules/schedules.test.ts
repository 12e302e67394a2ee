import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { UnknownNameError, ValueError } from '../../core/errors.js';
import { cosineDecay } from './cosine-decay.js';
import { epochsToSteps } from './epochs-to-steps.js';
import { oneCycle } from './one-cycle.js';
import { piecewiseConstantDecay } from './piecewise-constant-decay.js';
import { resolveLearningRate, resolveSchedule } from './resolve-schedule.js';
import { warmUp } from './warm-up.js';

const decay = cosineDecay({ initialLearningRate: 0.4, decaySteps: 10 });

suite('warmUp', () => {
  test('rises to the first rate of the schedule, then begins it', () => {
    const schedule = warmUp(decay, 4, { initialLearningRate: 0.2 });
    const rates = [0, 1, 2, 3, 4, 5, 14, 20].map((step) => schedule.at(step));
    const expected = [0.2, 0.25, 0.3, 0.35, 0.4, decay.at(1), 0, 0];
    rates.forEach((rate, i) => void assert.ok(Math.abs(rate - expected[i]) < 1e-12, `${rates}`));
  });

  test('goes before a constant, and through JSON', () => {
    const schedule = warmUp(0.5, 4);
    assert.deepEqual([0, 1, 4, 99].map(schedule.at), [0, 0.125, 0.5, 0.5]);
    for (const one of [schedule, warmUp(decay, 3)]) {
      const { name, config } = JSON.parse(
        JSON.stringify({ name: one.name, config: one.getConfig() }),
      );
      const again = resolveSchedule(name, config);
      assert.deepEqual([0, 1, 2, 7].map(again.at), [0, 1, 2, 7].map(one.at));
    }
  });
});

test('a one-cycle schedule of few steps, or none that rise, gives numbers only', () => {
  for (const totalSteps of [1, 2, 3, 10]) {
    for (const pctStart of [0, 0.1, 0.5, 1]) {
      const schedule = oneCycle({ maxLearningRate: 1, totalSteps, pctStart });
      for (let step = 0; step < totalSteps + 2; step++) {
        const rate = schedule.at(step);
        assert.ok(rate > 0 && rate <= 1, `${totalSteps} ${pctStart} ${step}: ${rate}`);
      }
      assert.equal(schedule.at(totalSteps + 5), 1 / 25 / 1e4);
    }
  }
});

suite('epochsToSteps', () => {
  test('turns every length that is given in epochs', () => {
    const nested = {
      name: 'warmUp',
      epochs: 1.5,
      schedule: { name: 'cosineDecay', initialLearningRate: 1, decayEpochs: 3, warmupEpochs: 1 },
    };
    assert.deepEqual(epochsToSteps(nested, 10), {
      name: 'warmUp',
      steps: 15,
      schedule: { name: 'cosineDecay', initialLearningRate: 1, decaySteps: 30, warmupSteps: 10 },
    });
    assert.equal(epochsToSteps(0.1, 10), 0.1);
    const given = { name: 'oneCycle', maxLearningRate: 1, totalSteps: 7 };
    assert.deepEqual(epochsToSteps(given, 10), given);
  });

  test('boundaries fall between epochs', () => {
    const options = { name: 'piecewiseConstantDecay', boundaryEpochs: [1, 3], values: [3, 2, 1] };
    const schedule = resolveLearningRate(epochsToSteps(options, 10), 'rate');
    assert.ok(typeof schedule !== 'number');
    assert.deepEqual([0, 9, 10, 29, 30].map(schedule.at), [3, 3, 2, 2, 1]);
  });

  test('refuses a length in both, or one that is no number', () => {
    const both = { name: 'cosineDecay', decayEpochs: 1, decaySteps: 2 };
    assert.throws(() => epochsToSteps(both, 10), /both decayEpochs and decaySteps/);
    assert.throws(() => epochsToSteps({ name: 'x', decayEpochs: 'all' }, 10), ValueError);
  });
});

suite('what is no learning rate', () => {
  const wrong: [what: string, rate: unknown, message: RegExp][] = [
    ['a negative number', -1, /rate must be a finite number ≥ 0, got -1/],
    ['no number', Number.NaN, /rate must be a finite number ≥ 0, got NaN/],
    ['a text', '0.1', /rate must be .* a schedule/],
    [
      'an option that there is not',
      { name: 'cosineDecay', steps: 1 },
      /no option 'steps'; it takes/,
    ],
    [
      'an option that is missing',
      { name: 'cosineDecay', initialLearningRate: 1 },
      /decaySteps must be/,
    ],
    [
      'a warm-up without a target',
      { name: 'cosineDecay', initialLearningRate: 1, decaySteps: 1, warmupSteps: 1 },
      /no warmupTarget/,
    ],
    ['steps that are a text', { name: 'warmUp', schedule: 1, steps: 'x' }, /steps must be/],
    [
      'a share above 1',
      { name: 'oneCycle', maxLearningRate: 1, totalSteps: 1, pctStart: 2 },
      /pctStart must be a share/,
    ],
    [
      'lists of wrong lengths',
      { name: 'piecewiseConstantDecay', boundaries: [1], values: [1] },
      /one value more/,
    ],
    ['no list', { name: 'piecewiseConstantDecay', boundaries: 1, values: [1] }, /as lists/],
  ];
  for (const [what, rate, message] of wrong) {
    test(what, () => {
      assert.throws(
        () => resolveLearningRate(rate, 'rate'),
        (error: Error) => {
          return error instanceof ValueError && message.test(error.message);
        },
      );
    });
  }

  test('falling boundaries', () => {
    assert.throws(
      () => piecewiseConstantDecay({ boundaries: [5, 3], values: [1, 2, 3] }),
      ValueError,
    );
  });

  test('an unknown name, with the nearest one', () => {
    assert.throws(
      () => resolveSchedule('cosinDecay'),
      (error: Error) => {
        return (
          error instanceof UnknownNameError && /did you mean 'cosineDecay'/.test(error.message)
        );
      },
    );
  });
});
