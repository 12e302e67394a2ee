import {
  batchNormalization,
  cifarResnet,
  l2,
  lineChart,
  type Model,
  readActivations,
  rewire,
  summarizeValues,
  take,
} from '../library.js';
import type { Experiment, LabOptions, LabResult } from './experiment.js';
import { labFigure } from './lab-figure.js';
import {
  blockNames,
  FULL,
  type ImageSettings,
  networkOptions,
  QUICK,
  SHALLOW,
  trainingSentence,
  trainOnImages,
} from './networks.js';
import { runExperiment } from './run-experiment.js';
import { bandOf, mean } from './statistics.js';
import { percent, range, short } from './words.js';

/** Settings of `identity`. */
export type IdentitySettings = ImageSettings & {
  /** Factors of the penalty, λ Σw², from none on. */
  penalties: readonly number[];
};

/** What is known of one network. */
export interface IdentityFound {
  /** ‖F(x)‖ / ‖x‖ of each block that keeps its shape, from the input on. */
  readonly ratios: readonly number[];
  /** Test accuracy after training. */
  readonly accuracy: number;
}

/** One kind of penalty in `identity`. */
export interface IdentityRow {
  /** What it is on. */
  readonly on: 'all weights' | 'kernels only';
  /** Its factor. */
  readonly penalty: number;
  /** One entry a seed. */
  readonly found: readonly IdentityFound[];
}

/** What `identity` measures. */
export interface IdentityData {
  /** Penalties on all weights, rising; then the largest on kernels only. */
  readonly rows: readonly IdentityRow[];
}

const IMAGES = 200;
const POINTS = 0.02;

function penalisedNetwork(
  settings: IdentitySettings,
  on: IdentityRow['on'],
  penalty: number,
  inputShape: readonly number[],
): Model {
  const options = networkOptions(settings, inputShape);
  if (penalty === 0) return cifarResnet(options);
  const model = cifarResnet({ ...options, kernelRegularizer: l2(penalty) });
  if (on === 'kernels only') return model;
  return rewire(model, (layer, inputs) => {
    if (layer.className !== 'BatchNormalization') return undefined;
    const both = { gammaRegularizer: l2(penalty), betaRegularizer: l2(penalty) };
    return batchNormalization({ epsilon: 1e-5, momentum: 0.9, ...both, name: layer.name })(
      inputs[0],
    );
  });
}

async function ratiosOf(
  model: Model,
  data: Parameters<typeof readActivations>[1],
): Promise<number[]> {
  const blocks = blockNames(model);
  const before = (i: number) => (i === 0 ? 'conv1_relu' : `${blocks[i - 1]}_out`);
  const layers = blocks.flatMap((name, i) => [before(i), `${name}_2_bn`]);
  const outputs = await readActivations(model, data, layers, { batchSize: IMAGES });
  return blocks.flatMap((name, i) => {
    const [x, f] = [outputs.get(before(i)), outputs.get(`${name}_2_bn`)];
    if (x === undefined || f === undefined || x.data.length !== f.data.length) return [];
    return [summarizeValues(f.data).norm / summarizeValues(x.data).norm];
  });
}

function rowsOf({ penalties }: IdentitySettings): Omit<IdentityRow, 'found'>[] {
  const all = penalties.map((penalty) => ({ on: 'all weights' as const, penalty }));
  return [...all, { on: 'kernels only', penalty: Math.max(...penalties) }];
}
const keyOf = ({ on, penalty }: Omit<IdentityRow, 'found'>, seed: number) =>
  `L2 ${penalty} on ${on} seed ${seed}`;

/** The experiment behind `identity`. */
export const identityExperiment: Experiment<IdentitySettings, IdentityFound, IdentityData> = {
  name: 'identity',
  title: 'Does weight decay turn blocks into identities?',
  question:
    'Does a growing L2 penalty drive F(x) towards 0, so that a block is an identity, and what does that do to accuracy?',
  background: [
    'The article: with L2 regularisation the weights of a block decay towards zero easily, F(x) → 0, and the block keeps its input.',
    'He et al. (2015): residual functions are small in general; the identity is a reasonable starting point.',
    'Van Laarhoven (2017): what a normalisation follows gives the same output whatever the size of its weights, so that a penalty on kernels alone changes how fast they learn, not F(x); only a decay of γ and β can make F(x) small.',
  ],
  paper:
    'the article; He et al. (2015), section 3.1; van Laarhoven, "L2 regularization versus batch and weight normalization" (2017)',
  cost: { quick: 'some 10 seconds a seed', full: 'two days for its 3 seeds' },
  reservations: [
    'the article: accuracy does not fall with the penalty, 0 of 3 seeds (120 steps need penalties that harm)',
    'a penalty on kernels alone leaves F(x) large, 1 of 3 seeds (it keeps the network from learning as well)',
  ],
  usesData: true,
  settings: {
    // So few steps show no penalty below these: λ shrinks a weight by some 2λ · rate / (1 − momentum) a step.
    quick: { ...QUICK, depth: SHALLOW, penalties: [0, 3e-3, 1e-2, 3e-2] },
    full: { ...FULL, weightDecay: 0, penalties: [0, 1e-5, 1e-4, 1e-3, 1e-2] },
  },
  seeds: { quick: 1, full: 3 },
  parts: (settings, seeds) =>
    seeds.flatMap((seed) =>
      rowsOf(settings).map((row) => ({
        key: keyOf(row, seed),
        weight: 1,
        async run(context) {
          const { on, penalty } = row;
          const plainName = `residual-${settings.depth}`;
          const description = penalty === 0 ? plainName : `${plainName}, L2 ${penalty} on ${on}`;
          const { model, curve, data } = await trainOnImages(
            context,
            settings,
            seed,
            description,
            (shape) => penalisedNetwork(settings, on, penalty, shape),
          );
          try {
            const ratios = curve.diverged ? [] : await ratiosOf(model, take(data.test, IMAGES));
            return { ratios, accuracy: curve.testAccuracy[curve.testAccuracy.length - 1] ?? 0 };
          } finally {
            await model.dispose();
          }
        },
      })),
    ),
  conclude(parts, settings, seeds) {
    const rows = rowsOf(settings).map((row) => ({
      ...row,
      found: seeds.map((seed) => parts.get(keyOf(row, seed)) as IdentityFound),
    }));
    const ratio = ({ found }: IdentityRow) => found.map(({ ratios }) => mean(ratios));
    // A network that diverged has no ratio: comparisons with it do not hold.
    const ratioRange = (row: IdentityRow) => {
      const known = ratio(row).filter(Number.isFinite);
      const lost = seeds.length - known.length;
      return `${known.length === 0 ? 'unknown' : range(known)}${lost === 0 ? '' : ` (${lost} of ${seeds.length} diverged)`}`;
    };
    const accuracy = ({ found }: IdentityRow) => found.map((one) => one.accuracy);
    const label = ({ on, penalty }: IdentityRow) =>
      penalty === 0 ? 'no penalty' : `λ = ${penalty} on ${on}`;
    const sentence = (row: IdentityRow) =>
      `${label(row)}: ‖F(x)‖ / ‖x‖ ${ratioRange(row)} (mean over blocks), test accuracy ${range(accuracy(row), percent)}`;
    const penalised = rows.filter(({ on }) => on === 'all weights');
    const [none, most, kernels] = [
      penalised[0],
      penalised[penalised.length - 1],
      rows[rows.length - 1],
    ];
    const count = (holds: (seed: number) => boolean) => seeds.filter(holds).length;
    const falls = (seed: number) =>
      penalised.every((row, i) => i === 0 || ratio(row)[seed] <= ratio(penalised[i - 1])[seed]);
    const keeps = (row: IdentityRow, seed: number) =>
      accuracy(row)[seed] >= accuracy(none)[seed] - POINTS;
    const keeping = penalised.filter((row) => seeds.every((seed) => keeps(row, seed)));
    const largest = keeping[keeping.length - 1];
    return {
      data: { rows },
      method: [
        trainingSentence(settings).replace('no augmentation, no weight decay', 'no augmentation'),
        `The penalty λ Σw² (Keras's L2: a decay of 2λ) was on all weights, γ and β of the normalisations included, or on kernels only. ‖F(x)‖ / ‖x‖ is taken over ${IMAGES} test images in inference mode, F(x) being the branch after its last normalisation.`,
      ],
      measured: rows.map((row) => `${sentence(row)}.`),
      checks: [
        {
          claim: 'the more L2 on all weights, the smaller ‖F(x)‖ / ‖x‖',
          measured: penalised.map((row) => `${label(row)} ${ratioRange(row)}`).join('; '),
          holds: count(falls),
          seeds: seeds.length,
          source: 'article',
        },
        {
          claim: `the accuracy does not fall with it (by less than ${100 * POINTS} points at λ = ${most.penalty})`,
          measured: `${range(accuracy(none), percent)} without, ${range(accuracy(most), percent)} with it; the largest penalty with which every seed keeps it is ${largest.penalty === 0 ? 'none' : `λ = ${largest.penalty}, with ‖F(x)‖ / ‖x‖ ${ratioRange(largest)} against ${ratioRange(none)}`}`,
          holds: count((i) => keeps(most, i)),
          seeds: seeds.length,
          source: 'article',
          remark:
            'At the quick settings 0 of 3 seeds agree, and the setting makes it so: 120 steps need penalties this large to make F(x) much smaller, and those keep the network from learning. At λ = 0.003 the accuracy keeps (74.5 % against 74.7 %), and F(x) is smaller by 8 % only. What small penalties do in a long training, this does not tell.',
        },
        {
          claim:
            'van Laarhoven: with normalisation, a penalty on kernels alone does not make F(x) small (here: less than half as far as one on all weights)',
          measured: `${ratioRange(none)} without, ${ratioRange(kernels)} with kernels only, ${ratioRange(most)} with all weights penalised`,
          holds: count(
            (i) => ratio(none)[i] - ratio(kernels)[i] < (ratio(none)[i] - ratio(most)[i]) / 2,
          ),
          seeds: seeds.length,
          source: 'paper',
          remark:
            'At the quick settings 1 of 3 seeds agrees: there the penalty on kernels alone keeps the network from learning too (57.2 % test accuracy against 74.7 %), so that F(x) is that of another, hardly trained network, and the two effects cannot be told apart.',
        },
      ],
      figures: [
        labFigure(
          'ratios',
          `Norm of the branch over the norm of its input, by block, after training. ${rows.map(sentence).join('; ')}. λ = ${short(most.penalty)} is the largest penalty.`,
          (described) =>
            lineChart({
              ...described,
              title: 'Size of the residual function by block',
              series: rows.map((row) => {
                const { middle, lower, upper } = bandOf(row.found.map(({ ratios }) => ratios));
                return {
                  name: label(row),
                  x: middle.map((_, i) => i + 1),
                  y: middle,
                  band: { lower, upper },
                  ...(row.on === 'kernels only' && { dash: 'dashed' as const }),
                };
              }),
              x: { label: 'block that keeps its shape (1 = nearest the input)', integer: true },
              y: { label: '‖F(x)‖ / ‖x‖', zero: true },
            }),
        ),
      ],
      tables: [
        {
          name: 'ratios',
          caption: '‖F(x)‖ / ‖x‖ by block.',
          columns: ['penalty on', 'λ', 'seed', 'block', 'ratio', 'test accuracy'],
          rows: rows.flatMap(({ on, penalty, found }) =>
            found.flatMap(({ ratios, accuracy: one }, seed) =>
              ratios.map((value, i) => [on, penalty, seed, i + 1, value, one]),
            ),
          ),
        },
      ],
    };
  },
};

/** The size of residual functions under growing L2. */
export function identity(options: LabOptions): Promise<LabResult<IdentityData>> {
  return runExperiment(identityExperiment, options);
}
