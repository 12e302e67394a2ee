import {
  cifarPlain,
  cifarResnet,
  clearNames,
  lineChart,
  type Model,
  rewire,
  type Shape,
  setRandomSeed,
  summarizeValues,
} from '../library.js';
import { divergedSentence } from './curve-table.js';
import type { Experiment, LabOptions, LabResult, PartContext } from './experiment.js';
import { prepareData } from './lab-data.js';
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
import { bandOf, linearFit } from './statistics.js';
import type { Curve } from './train-network.js';
import { percent, range } from './words.js';

/** The article's four ways to connect, in its order. */
export type BlockKind = 'plain + shortcut' | 'shortcut only' | 'plain' | 'every block residual';

/** What is known of one kind in one seed. */
export interface BlockFound {
  /** Root mean square of the gradient with respect to each block's output at initialisation, from the input on. */
  readonly gradients: readonly number[];
  /** Training. */
  readonly curve: Curve;
}

/** What `blocks` measures: one entry a seed. */
export type BlocksData = Readonly<Record<BlockKind, readonly BlockFound[]>>;

const KINDS: readonly BlockKind[] = [
  'plain + shortcut',
  'shortcut only',
  'plain',
  'every block residual',
];

/** Makes a network of a kind. */
function blockNetwork(kind: BlockKind, settings: ImageSettings, inputShape: Shape): Model {
  const options = networkOptions(settings, inputShape);
  if (kind === 'plain') return cifarPlain(options);
  // The article's blocks with a convolution in the shortcut come between its identity blocks.
  if (kind === 'plain + shortcut') return cifarResnet({ ...options, shortcut: 'B' });
  const everywhere = cifarResnet({ ...options, shortcut: 'A' });
  if (kind === 'every block residual') return everywhere;
  return rewire(everywhere, (layer, [shortcut]) =>
    layer.name.endsWith('_add') ? shortcut : undefined,
  );
}

async function gradientsOf(
  model: Model,
  settings: ImageSettings,
  context: PartContext,
): Promise<number[]> {
  const { train } = await prepareData(context.data, { ...settings, images: settings.batchSize });
  model.compile({ loss: 'categoricalCrossentropy', ...context.engine });
  const layers = blockNames(model).map((name) => `${name}_out`);
  const probe = await model.probe(train, { layers });
  return layers.map(
    (name) => summarizeValues(probe.layers.get(name)?.gradient ?? new Float32Array()).rms,
  );
}

/** The experiment behind `blocks`. */
export const blocksExperiment: Experiment<ImageSettings, BlockFound, BlocksData> = {
  name: 'blocks',
  title: "The article's four kinds of blocks",
  question: 'What gradient does each kind of block pass on, and does a network of it train?',
  background: [
    'The article: plain + shortcut has a gradient of 1 plus a little and learns; the shortcut alone has a gradient of 1 and learns nothing; plain alone makes the gradient smaller and degrades; a network of residual blocks throughout multiplies 1 plus a little until it explodes and does not converge, so that blocks without an identity must stand in between.',
    'He et al. (2015) use identity shortcuts throughout (option A) on CIFAR-10, up to 1,202 layers, and these converge.',
  ],
  paper: 'the article; He et al. (2015), section 4.2',
  cost: { quick: 'some 10 seconds a seed', full: 'a day and a half for its 3 seeds' },
  reservations: [
    'the article: in plain blocks gradients become smaller on their way back, 0 of 3 seeds (contradicted: they grow)',
    'the article: with every block residual training does not converge, 0 of 3 seeds (contradicted: it does)',
  ],
  usesData: true,
  settings: { quick: { ...QUICK, depth: SHALLOW }, full: FULL },
  seeds: { quick: 1, full: 3 },
  parts: (settings, seeds) =>
    seeds.flatMap((seed) =>
      KINDS.map((kind) => ({
        key: `${kind} seed ${seed}`,
        weight: kind === 'shortcut only' ? 0.3 : 1,
        async run(context) {
          const { depth } = settings;
          const description =
            kind === 'plain' || kind === 'every block residual'
              ? `${kind === 'plain' ? 'plain' : 'residual'}-${depth}`
              : `${kind}-${depth}`;
          const { model, curve, data } = await trainOnImages(
            context,
            settings,
            seed,
            description,
            (shape) => blockNetwork(kind, settings, shape),
          );
          await model.dispose();
          // The same seed gives the same first weights again.
          clearNames();
          setRandomSeed(seed);
          const fresh = blockNetwork(kind, settings, data.train.inputShapes[0]);
          try {
            return { gradients: await gradientsOf(fresh, settings, context), curve };
          } finally {
            await fresh.dispose();
          }
        },
      })),
    ),
  conclude(parts, settings, seeds) {
    const found = (kind: BlockKind) =>
      seeds.map((seed) => parts.get(`${kind} seed ${seed}`) as BlockFound);
    const data = {
      'plain + shortcut': found('plain + shortcut'),
      'shortcut only': found('shortcut only'),
      plain: found('plain'),
      'every block residual': found('every block residual'),
    };
    const growth = (kind: BlockKind) =>
      data[kind].map(({ gradients }) =>
        Math.exp(
          -linearFit(
            gradients.map((_, i) => i),
            gradients.map(Math.log),
          ).slope,
        ),
      );
    const accuracy = (kind: BlockKind) =>
      data[kind].map(({ curve }) => curve.accuracy[curve.accuracy.length - 1] ?? 0);
    const count = (holds: (seed: number) => boolean) => seeds.filter(holds).length;
    const [whole, only, plain, every] = KINDS.map((kind) => ({
      growth: growth(kind),
      accuracy: accuracy(kind),
    }));
    const describe = (kind: BlockKind) =>
      `${kind}: the gradient changes × ${range(growth(kind))} a block on its way back; training accuracy ${range(accuracy(kind), percent)} in the last epoch`;
    const check = (
      claim: string,
      measured: string,
      holds: (seed: number) => boolean,
      remark?: string,
    ) => ({
      claim,
      measured,
      holds: count(holds),
      seeds: seeds.length,
      source: 'article' as const,
      ...(remark !== undefined && { remark }),
    });
    const trainings = Object.fromEntries(
      KINDS.map((kind) => [kind, data[kind].map(({ curve }) => curve)]),
    );
    return {
      data,
      method: [
        `${settings.depth} weighted layers each, with batch normalisation. "Plain + shortcut" has a 1×1 convolution in the shortcut where the size changes, as the article's network; "every block residual" has nothing but identity shortcuts (zeros for new channels); "shortcut only" leaves the branches out of that.`,
        trainingSentence(settings),
        `The gradient at initialisation is that of the loss of ${settings.batchSize} training images with respect to the output of each block; its factor a block is the slope of its logarithm, changes of size included.`,
      ],
      measured: KINDS.map((kind) => `${describe(kind)}.`),
      checks: [
        check(
          'plain + shortcut trains better than plain',
          `training accuracy ${range(whole.accuracy, percent)} against ${range(plain.accuracy, percent)}`,
          (i) => whole.accuracy[i] > plain.accuracy[i],
        ),
        check(
          'the shortcut alone contributes nothing to learning: worse than with branches',
          `training accuracy ${range(only.accuracy, percent)} against ${range(whole.accuracy, percent)}`,
          (i) => only.accuracy[i] < whole.accuracy[i],
        ),
        check(
          'plain: the gradient becomes smaller at each block on its way back',
          `× ${range(plain.growth)} a block`,
          (i) => plain.growth[i] < 1,
          'At the quick settings 0 of 3 seeds agree, and the measurement contradicts the claim: with batch normalisation the gradient grows at each block on its way back, by 23 % to 31 % in the three seeds.',
        ),
        check(
          'every block residual: training does not converge',
          `training accuracy ${range(every.accuracy, percent)} against ${range(whole.accuracy, percent)} with projections in between; ${data['every block residual'].filter(({ curve }) => curve.diverged).length} of ${seeds.length} diverged`,
          (i) => data['every block residual'][i].curve.diverged || every.accuracy[i] < 0.2,
          'At the quick settings 0 of 3 seeds agree, and the measurement contradicts the claim: this network trains at least as well as the other three.',
        ),
      ],
      figures: [
        labFigure(
          'gradients',
          `Root mean square gradient with respect to the output of each block, at initialisation; steps lie where the size of the images changes. ${KINDS.map(describe).join('; ')}.`,
          (described) =>
            lineChart({
              ...described,
              title: 'Gradient at initialisation, by block',
              series: KINDS.map((name) => {
                const rows = data[name].map(({ gradients }) => gradients);
                const { middle, lower, upper } = bandOf(rows);
                return { name, x: middle.map((_, i) => i + 1), y: middle, band: { lower, upper } };
              }),
              x: { label: 'block (1 = nearest the input)', integer: true },
              y: { label: 'rms of ∂loss/∂output', scale: 'log' },
            }),
        ),
        labFigure(
          'training',
          `Training loss by epoch. Training accuracy in the last: ${KINDS.map((kind) => `${kind} ${range(accuracy(kind), percent)}`).join('; ')}.${divergedSentence(trainings)}`,
          (described) =>
            lineChart({
              ...described,
              title: 'Training loss',
              series: KINDS.map((name) => {
                const rows = data[name].map(({ curve }) => curve.loss);
                const { middle, lower, upper } = bandOf(rows);
                return { name, x: middle.map((_, i) => i + 1), y: middle, band: { lower, upper } };
              }),
              x: { label: 'epoch', integer: true },
              y: { label: 'cross-entropy', zero: true },
            }),
        ),
      ],
      tables: [
        {
          name: 'gradients',
          caption: 'Gradient by block at initialisation.',
          columns: ['kind', 'seed', 'block', 'rms of gradient'],
          rows: KINDS.flatMap((kind) =>
            data[kind].flatMap(({ gradients }, seed) =>
              gradients.map((g, i) => [kind, seed, i + 1, g]),
            ),
          ),
        },
        {
          name: 'training',
          caption: 'Training by epoch.',
          columns: ['kind', 'seed', 'epoch', 'training loss', 'training accuracy', 'test accuracy'],
          rows: KINDS.flatMap((kind) =>
            data[kind].flatMap(({ curve }, seed) =>
              curve.loss.map((loss, i) => [
                kind,
                seed,
                i + 1,
                loss,
                curve.accuracy[i],
                curve.testAccuracy[i],
              ]),
            ),
          ),
        },
      ],
    };
  },
};

/** The article's four kinds of blocks: the gradient that they pass on, and whether they train. */
export function blocks(options: LabOptions): Promise<LabResult<BlocksData>> {
  return runExperiment(blocksExperiment, options);
}
