import {
  type Dataset,
  lambda,
  lineChart,
  type Model,
  ops,
  Random,
  rewire,
  summarizeValues,
  take,
} from '../library.js';
import type { Experiment, LabOptions, LabResult, PartContext } from './experiment.js';
import { labFigure } from './lab-figure.js';
import {
  blockNames,
  FULL,
  type ImageSettings,
  QUICK,
  trainFamily,
  trainingSentence,
} from './networks.js';
import { runExperiment } from './run-experiment.js';
import { linearFit, mean } from './statistics.js';
import { percent, range } from './words.js';

/** Settings of `paths`. */
export type PathsSettings = ImageSettings & {
  /** How many lengths of paths are looked at. */
  lengths: number;
  /** Paths of each length. */
  samples: number;
};

/** What is known of one network. */
export interface PathsFound {
  /** Blocks of the network. */
  readonly blocks: number;
  /** Lengths of paths, in blocks gone through. */
  readonly lengths: readonly number[];
  /** `norms[i][sample]`: norm of the gradient that comes to the first block along a path of `lengths[i]`. */
  readonly norms: readonly (readonly number[])[];
}

/** What `paths` measures, one entry a seed. */
export interface PathsData {
  /** The networks. */
  readonly networks: readonly PathsFound[];
}

const IMAGES = 32;
const STREAM = 0x70617468;

/** The same network whose gradient takes one path: through the branches of some blocks, past the others. */
export function withOnePath(model: Model, through: ReadonlySet<string>): Model {
  return rewire(model, (layer, [shortcut, branch]) => {
    if (!layer.name.endsWith('_add')) return undefined;
    const stop = lambda((x) => ops.stopGradient(x));
    const pair = through.has(layer.name.slice(0, -'_add'.length))
      ? [stop(shortcut), branch]
      : [shortcut, stop(branch)];
    return layer.connect(pair);
  });
}

async function normAlong(
  model: Model,
  through: readonly string[],
  data: Dataset,
  { engine }: PartContext,
) {
  const path = withOnePath(model, new Set(through));
  path.compile({ loss: 'categoricalCrossentropy', ...engine });
  try {
    const { layers } = await path.probe(data, { layers: ['conv1_relu'] });
    return summarizeValues(layers.get('conv1_relu')?.gradient ?? new Float32Array()).norm;
  } finally {
    await path.dispose();
  }
}

/** Logarithm of the number of ways to choose k of n. */
function logChoose(n: number, k: number): number {
  let sum = 0;
  for (let i = 1; i <= k; i++) sum += Math.log((n - k + i) / i);
  return sum;
}

const usable = ({ lengths, norms }: PathsFound) =>
  lengths.flatMap((length, i) => {
    const size = mean(norms[i]);
    return size > 0 ? [{ length, log: Math.log(size) }] : [];
  });

function fitOf(found: PathsFound) {
  const points = usable(found);
  return linearFit(
    points.map(({ length }) => length),
    points.map(({ log }) => log),
  );
}

/** Share of the whole gradient that comes along paths of each length, from 0 on. */
function contributions(found: PathsFound): number[] {
  const { slope, intercept } = fitOf(found);
  const logs = Array.from(
    { length: found.blocks + 1 },
    (_, k) => logChoose(found.blocks, k) + intercept + slope * k,
  );
  const top = Math.max(...logs);
  const sizes = logs.map((log) => Math.exp(log - top));
  const sum = sizes.reduce((a, b) => a + b, 0);
  return sizes.map((size) => size / sum);
}

/** The experiment behind `paths`. */
export const pathsExperiment: Experiment<PathsSettings, PathsFound, PathsData> = {
  name: 'paths',
  title: 'Effective paths',
  question: 'How much gradient comes through paths of different lengths of a residual network?',
  background: [
    'Veit et al. (2016), Fig. 6: the gradient along a path shrinks exponentially with the blocks that the path goes through, so nearly all gradient comes along short paths, although most paths are of medium length.',
    'The article: the gradient of a block is 1 plus a little; the product of them is a sum over all paths.',
  ],
  paper: 'Veit et al. (2016), section 4.3 and Fig. 6',
  cost: {
    quick: 'some 15 seconds a seed',
    full: '8 hours for its 3 seeds; less than an hour after `degradation` in the same folder',
  },
  reservations: [],
  usesData: true,
  settings: {
    quick: { ...QUICK, lengths: 7, samples: 3 },
    full: { ...FULL, lengths: 14, samples: 20 },
  },
  seeds: { quick: 1, full: 3 },
  parts: (settings, seeds) =>
    seeds.map((seed) => ({
      key: `seed ${seed}`,
      weight: 1,
      async run(context) {
        const { lengths: count, samples } = settings;
        const { model, data } = await trainFamily(
          context,
          settings,
          seed,
          'residual',
          settings.depth,
          { from: 0, to: 0.5 },
        );
        try {
          const blocks = blockNames(model);
          // With the stored statistics an image's gradient is its own.
          for (const layer of model.layers)
            if (layer.className === 'BatchNormalization') layer.trainable = false;
          const wanted = Array.from({ length: count }, (_, i) =>
            Math.round(((i + 0.5) * blocks.length) / count),
          );
          const lengths = [...new Set(wanted)];
          const images = take(data.train, IMAGES);
          const norms: number[][] = [];
          for (const length of lengths) {
            const row: number[] = [];
            for (let sample = 0; sample < samples; sample++) {
              const order = new Random(seed, [STREAM + length, sample]).permutation(blocks.length);
              const through = Array.from(order.subarray(0, length), (i) => blocks[i]);
              row.push(await normAlong(model, through, images, context));
              context.advance(0.5 + (0.5 * (norms.length + row.length / samples)) / lengths.length);
            }
            norms.push(row);
          }
          return { blocks: blocks.length, lengths, norms };
        } finally {
          await model.dispose();
        }
      },
    })),
  conclude(parts, settings, seeds) {
    const networks = seeds.map((seed) => parts.get(`seed ${seed}`) as PathsFound);
    const fits = networks.map(fitOf);
    const shares = networks.map(contributions);
    const centre = shares.map((row) => row.reduce((sum, share, k) => sum + share * k, 0));
    const shortPaths = shares.map((row, i) =>
      row.reduce((sum, share, k) => (k < networks[i].blocks / 2 ? sum + share : sum), 0),
    );
    const factor = range(fits.map(({ slope }) => Math.exp(slope)));
    const sentence = `each block on the path changes the gradient × ${factor}; a straight line explains ${range(fits.map(({ r2 }) => r2))} (R²) of its logarithm; weighted by gradient, the mean path goes through ${range(centre)} of ${networks[0].blocks} blocks, while the mean of all paths is ${networks[0].blocks / 2}; paths shorter than that bring ${range(shortPaths, percent)} of the gradient`;
    const middles = networks.map(({ norms }) => norms.map(mean));
    return {
      data: { networks },
      method: [
        trainingSentence(settings),
        `In the trained residual-${settings.depth}, the gradient of the loss of ${IMAGES} training images was led through the branches of k randomly chosen blocks and past all others (the forward pass stays whole), ${settings.samples} paths for each length, with the stored statistics of batch normalisation. Its norm was taken at the input of the first block.`,
      ],
      measured: [`On a path, ${sentence}.`],
      checks: [
        {
          claim:
            'the logarithm of the gradient along a path is linear in its length (R² > 0.95), falling',
          measured: sentence,
          holds: fits.filter(({ r2, slope }) => r2 > 0.95 && slope < 0).length,
          seeds: seeds.length,
          source: 'paper',
        },
        {
          claim: 'most gradient comes along paths shorter than the mean path',
          measured: sentence,
          holds: shortPaths.filter((share) => share > 0.5).length,
          seeds: seeds.length,
          source: 'paper',
        },
      ],
      figures: [
        labFigure(
          'gradient-by-length',
          `Norm of the gradient that comes to the first block along single paths, mean of ${settings.samples} paths a length. ${sentence[0].toUpperCase()}${sentence.slice(1)}.`,
          (described) =>
            lineChart({
              ...described,
              title: 'Gradient along paths, by length',
              series: networks.map(({ lengths }, seed) => ({
                name: `seed ${seed}`,
                x: lengths,
                y: middles[seed],
                markers: true,
              })),
              x: { label: 'blocks on the path', integer: true },
              y: { label: 'norm of the gradient', scale: 'log' },
            }),
        ),
        labFigure(
          'contribution',
          `Number of paths of each length times the fitted gradient along one, as shares; dashed the number of paths alone. The gradient-weighted mean length is ${range(centre)} of ${networks[0].blocks} blocks; paths shorter than half of the blocks bring ${range(shortPaths, percent)}.`,
          (described) =>
            lineChart({
              ...described,
              title: 'Share of the gradient by path length',
              series: [
                ...shares.map((row, seed) => ({
                  name: `gradient, seed ${seed}`,
                  x: row.map((_, k) => k),
                  y: row,
                  markers: false,
                })),
                {
                  name: 'number of paths',
                  x: shares[0].map((_, k) => k),
                  y: shares[0].map((_, k) =>
                    Math.exp(logChoose(networks[0].blocks, k) - networks[0].blocks * Math.LN2),
                  ),
                  dash: 'dashed' as const,
                  markers: false,
                },
              ],
              x: { label: 'blocks on the path', integer: true },
              y: { label: 'share', format: 'percent', zero: true },
            }),
        ),
      ],
      tables: [
        {
          name: 'paths',
          caption: 'Norm of the gradient along each path.',
          columns: ['seed', 'blocks on the path', 'sample', 'norm'],
          rows: networks.flatMap(({ lengths, norms }, seed) =>
            norms.flatMap((row, i) => row.map((norm, sample) => [seed, lengths[i], sample, norm])),
          ),
        },
      ],
    };
  },
};

/** Gradients along single paths of a trained residual network. */
export function paths(options: LabOptions): Promise<LabResult<PathsData>> {
  return runExperiment(pathsExperiment, options);
}
