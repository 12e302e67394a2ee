import { add, cifarResnet, dropPath, lineChart, type Model, rewire } from '../library.js';
import { curveTable, divergedSentence } from './curve-table.js';
import type { Experiment, LabOptions, LabResult } from './experiment.js';
import { labFigure } from './lab-figure.js';
import {
  blockNames,
  FULL,
  type ImageSettings,
  networkOptions,
  QUICK,
  trainingSentence,
  trainOnImages,
} from './networks.js';
import { runExperiment } from './run-experiment.js';
import { bandOf, median } from './statistics.js';
import type { Curve } from './train-network.js';
import { percent, range } from './words.js';

/** What `stochasticDepth` measures: one curve a seed. */
export type StochasticDepthData = Readonly<
  Record<'constant depth' | 'stochastic depth', readonly Curve[]>
>;

const KINDS = ['constant depth', 'stochastic depth'] as const;
const LAST_SURVIVAL = 0.5;
const POINTS = 0.003;
const FASTER = 0.85;

/**
 * The residual network whose branches are dropped at random while it trains, a whole batch at a time: the
 * first survives nearly always, the last with probability `survival`, linearly in between (Huang et al.).
 * Branches that stay are divided by their probability, so that inference needs no change.
 */
export function withStochasticDepth(model: Model, survival: number): Model {
  const blocks = blockNames(model);
  return rewire(model, (layer, [shortcut, branch]) => {
    if (!layer.name.endsWith('_add')) return undefined;
    const block = layer.name.slice(0, -'_add'.length);
    const rate = ((blocks.indexOf(block) + 1) / blocks.length) * (1 - survival);
    const kept = dropPath({ rate, per: 'batch', name: `${block}_drop` })(branch);
    return add({ name: layer.name })([shortcut, kept]);
  });
}

/** The experiment behind `stochasticDepth`. */
export const stochasticDepthExperiment: Experiment<ImageSettings, Curve, StochasticDepthData> = {
  name: 'stochastic-depth',
  title: 'Stochastic depth',
  question: 'Can blocks be dropped at random in training without harm, and does it save time?',
  background: [
    'Huang et al. (2016): with blocks dropped in training (the last with probability 0.5), ResNet-110 gets 5.23 % instead of 6.41 % error on CIFAR-10, and training takes 25 % less time, because dropped blocks are not computed.',
  ],
  paper: 'Huang et al., "Deep networks with stochastic depth" (2016)',
  cost: { quick: 'some 50 seconds a seed', full: 'a day and a half for its 3 seeds' },
  reservations: [
    'the test error is at most 0.3 points above constant depth, 2 of 3 seeds (500 test images cannot tell so little)',
  ],
  usesData: true,
  // Dropping blocks slows learning down: after few epochs, or in many blocks, errors say little of the end.
  settings: { quick: { ...QUICK, depth: 20, epochs: 100 }, full: { ...FULL, depth: 110 } },
  seeds: { quick: 1, full: 3 },
  parts: (settings, seeds) =>
    seeds.flatMap((seed) =>
      KINDS.map((kind) => ({
        key: `${kind} seed ${seed}`,
        weight: 1,
        async run(context) {
          const { depth } = settings;
          const description =
            kind === 'constant depth'
              ? `residual-${depth}`
              : `residual-${depth}, branches dropped by batch`;
          const { model, curve } = await trainOnImages(
            context,
            settings,
            seed,
            description,
            (inputShape) => {
              const whole = cifarResnet(networkOptions(settings, inputShape));
              return kind === 'constant depth' ? whole : withStochasticDepth(whole, LAST_SURVIVAL);
            },
          );
          await model.dispose();
          return curve;
        },
      })),
    ),
  conclude(parts, settings, seeds) {
    const of = (kind: (typeof KINDS)[number]) =>
      seeds.map((seed) => parts.get(`${kind} seed ${seed}`) as Curve);
    const data = {
      'constant depth': of('constant depth'),
      'stochastic depth': of('stochastic depth'),
    };
    const error = (kind: (typeof KINDS)[number]) =>
      data[kind].map(({ testAccuracy }) => 1 - (testAccuracy[testAccuracy.length - 1] ?? 0));
    const seconds = (kind: (typeof KINDS)[number]) =>
      data[kind].map((curve) => median(curve.seconds));
    const [before, after] = KINDS.map((kind) => ({ error: error(kind), seconds: seconds(kind) }));
    const ratio = after.seconds.map((one, i) => one / before.seconds[i]);
    const errors = `test error ${range(after.error, percent)} with, ${range(before.error, percent)} without`;
    return {
      data,
      method: [
        trainingSentence(settings),
        `In a residual network of ${settings.depth} layers the branch of block l of L was dropped, for each batch anew, with probability l / L · ${1 - LAST_SURVIVAL}. A dropped branch is not computed, neither forward nor backward.`,
      ],
      measured: [
        `${errors[0].toUpperCase()}${errors.slice(1)}.`,
        `An epoch takes ${range(ratio)} times as long with it.`,
      ],
      checks: [
        {
          claim: 'the test error is at most 0.3 points above that of constant depth',
          measured: errors,
          holds: seeds.filter((i) => after.error[i] <= before.error[i] + POINTS).length,
          seeds: seeds.length,
          source: 'paper',
          remark:
            'At the quick settings 2 of 3 seeds show it: 0.3 points are less than 2 of their 500 test images, and seeds alone make a difference of 2 points (16.6 % to 18.6 % at constant depth), so that single seeds cannot tell; the mean over the three is lower with stochastic depth.',
        },
        {
          claim: 'epochs take at least 15 % less time',
          measured: `${range(ratio)} times the time`,
          holds: ratio.filter((one) => one <= FASTER).length,
          seeds: seeds.length,
          source: 'paper',
        },
      ],
      figures: [
        labFigure(
          'error',
          `Error by epoch; while training with stochastic depth, each batch meets a shortened network, so that its training error is not comparable. At the end: ${errors}.${divergedSentence(data)}`,
          (described) =>
            lineChart({
              ...described,
              title: 'Training error (thin) and test error (bold)',
              series: KINDS.flatMap((kind, color) => {
                const line = (
                  values: (curve: Curve) => readonly number[],
                  weight: 'thin' | 'bold',
                ) => {
                  const { middle, lower, upper } = bandOf(
                    data[kind].map((curve) => values(curve).map((value) => 1 - value)),
                  );
                  return {
                    name: `${kind} ${weight === 'thin' ? 'train' : 'test'}`,
                    x: middle.map((_, i) => i + 1),
                    y: middle,
                    band: { lower, upper },
                    color,
                    weight,
                    markers: false,
                  };
                };
                return [
                  line((curve) => curve.accuracy, 'thin'),
                  line((curve) => curve.testAccuracy, 'bold'),
                ];
              }),
              x: { label: 'epoch', integer: true },
              y: { label: 'error', format: 'percent', zero: true },
            }),
        ),
      ],
      tables: [curveTable('network', data)],
    };
  },
};

/** A residual network whose blocks are dropped at random while it trains. */
export function stochasticDepth(options: LabOptions): Promise<LabResult<StochasticDepthData>> {
  return runExperiment(stochasticDepthExperiment, options);
}
