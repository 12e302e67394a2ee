import { ArrayDataset, lineChart, ops } from '../library.js';
import { denseStack } from './dense-stack.js';
import type { Experiment, LabOptions, LabResult, PartContext } from './experiment.js';
import { labFigure } from './lab-figure.js';
import { runExperiment } from './run-experiment.js';
import { bandOf, mean } from './statistics.js';
import { range, short } from './words.js';

/** Settings of `shattering`. */
export type ShatteringSettings = {
  /** Layers of the deep networks. */
  depth: number;
  /** Units of every layer. */
  width: number;
  /** Points of the grid over [−2, 2]. */
  points: number;
  /** Factor of the residual branch (β). */
  residualScale: number;
  /** Networks of each kind for each seed. */
  networks: number;
};

/** One kind of network in `shattering`. */
export type ShatteringKind = 'shallow' | 'plain' | 'residual';

/** What `shattering` measures. */
export interface ShatteringData {
  /** Autocorrelation of the gradient by distance in grid steps, from 0, one row a seed. */
  readonly autocorrelation: Readonly<Record<ShatteringKind, readonly (readonly number[])[]>>;
  /** The gradient ∂f/∂x over the grid, of the first network of seed 0. */
  readonly examples: Readonly<Record<ShatteringKind, readonly number[]>>;
}

type Found = { autocorrelation: number[]; example: number[] };

const KINDS: readonly ShatteringKind[] = ['shallow', 'plain', 'residual'];
const MOST_LAGS = 15;

async function gradientsOnGrid(
  kind: ShatteringKind,
  seed: number,
  settings: ShatteringSettings,
  { engine }: PartContext,
): Promise<number[]> {
  const { depth, width, points, residualScale } = settings;
  const layers = kind === 'shallow' ? 1 : depth;
  const model = denseStack({
    inputs: 1,
    width,
    depth: layers,
    outputs: 1,
    initializer: 'heNormal',
    normalized: kind !== 'shallow',
    kind: kind === 'residual' ? 'scaled' : 'plain',
    residualScale,
    seed,
  });
  model.compile({ loss: (y) => ops.sum(y, [1]), ...engine });
  try {
    const data = Float32Array.from({ length: points }, (_, i) => -2 + (4 * i) / (points - 1));
    const grid = { data, shape: [points, 1] };
    const [name] = model.inputNames;
    const probe = await model.probe(new ArrayDataset({ inputs: grid, targets: grid }), {
      layers: [name],
    });
    return Array.from(probe.layers.get(name)?.gradient ?? [], (g) => g * points);
  } finally {
    await model.dispose();
  }
}

/** Autocorrelation of a sequence at distances from 0 to `lags`. */
export function autocorrelation(values: readonly number[], lags: number): number[] {
  const centre = mean(values);
  const centred = values.map((value) => value - centre);
  const variance = centred.reduce((sum, value) => sum + value * value, 0);
  return Array.from({ length: lags + 1 }, (_, lag) => {
    let sum = 0;
    for (let i = 0; i + lag < centred.length; i++) sum += centred[i] * centred[i + lag];
    return sum / variance;
  });
}

/** The experiment behind `shattering`. */
export const shatteringExperiment: Experiment<ShatteringSettings, Found, ShatteringData> = {
  name: 'shattering',
  title: 'Shattered gradients',
  question:
    'Do gradients of a deep plain network still say anything about neighbouring inputs, and do shortcuts help?',
  background: [
    'Balduzzi et al. (2017): with depth, the gradients of a plain network at neighbouring inputs become uncorrelated, like white noise, even where their size is right; in a residual network they resist.',
    'The article says that later layers disturb trained ones "like white noise", without a measurement.',
  ],
  paper: 'Balduzzi et al., "The shattered gradients problem" (2017), Fig. 1 and 3',
  cost: { quick: 'some 10 seconds for its 3 seeds', full: 'a minute and a half for its 5 seeds' },
  reservations: [],
  usesData: false,
  settings: {
    quick: { depth: 50, width: 200, points: 256, residualScale: 0.1, networks: 2 },
    full: { depth: 50, width: 200, points: 256, residualScale: 0.1, networks: 20 },
  },
  seeds: { quick: 3, full: 5 },
  parts: (settings, seeds) =>
    KINDS.flatMap((kind) =>
      seeds.map((seed) => ({
        key: `${kind} seed ${seed}`,
        weight: kind === 'shallow' ? 1 : 3,
        async run(context) {
          const lags = Math.min(MOST_LAGS, settings.points - 2);
          const rows: number[][] = [];
          let example: number[] = [];
          for (let network = 0; network < settings.networks; network++) {
            const drawn = seed * settings.networks + network;
            const gradients = await gradientsOnGrid(kind, drawn, settings, context);
            if (network === 0) example = gradients;
            rows.push(autocorrelation(gradients, lags));
            context.advance((network + 1) / settings.networks);
          }
          return { autocorrelation: bandOf(rows).middle, example };
        },
      })),
    ),
  conclude(parts, settings, seeds) {
    const of = (kind: ShatteringKind, seed: number) => parts.get(`${kind} seed ${seed}`) as Found;
    const table = (kind: ShatteringKind) => seeds.map((seed) => of(kind, seed).autocorrelation);
    const autocorrelations = {
      shallow: table('shallow'),
      plain: table('plain'),
      residual: table('residual'),
    };
    const examples = {
      shallow: of('shallow', 0).example,
      plain: of('plain', 0).example,
      residual: of('residual', 0).example,
    };
    const lag1 = (kind: ShatteringKind) => autocorrelations[kind].map((row) => row[1]);
    const titles = {
      shallow: '1 layer',
      plain: `plain, ${settings.depth} layers`,
      residual: `residual, ${settings.depth} blocks, β = ${settings.residualScale}`,
    };
    const series = KINDS.map((kind) => {
      const { middle, lower, upper } = bandOf(autocorrelations[kind]);
      return { name: titles[kind], x: middle.map((_, i) => i), y: middle, band: { lower, upper } };
    });
    const step = 4 / (settings.points - 1);
    const gradientSeries = KINDS.map((kind) => {
      const largest = Math.max(...examples[kind].map(Math.abs));
      return {
        name: titles[kind],
        x: examples[kind].map((_, i) => -2 + i * step),
        y: examples[kind].map((g) => g / largest),
        weight: 'thin' as const,
        markers: false,
      };
    });
    const sentence = (kind: ShatteringKind) =>
      `${titles[kind]}: autocorrelation at a distance of one grid step ${range(lag1(kind))}.`;
    return {
      data: { autocorrelation: autocorrelations, examples },
      method: [
        `Networks from one number to one number, ${settings.width} units wide, with He's weights and (the deep ones) batch normalisation, at their initialisation. The gradient ∂f/∂x was computed at ${settings.points} points over [−2, 2], and its autocorrelation over the grid averaged over ${settings.networks} networks for each of ${seeds.length} seeds.`,
      ],
      measured: KINDS.map(sentence),
      checks: [
        {
          claim: 'plain: autocorrelation below 0.1 at lag 1',
          measured: `${titles.plain}: ${range(lag1('plain'))}`,
          holds: lag1('plain').filter((value) => value < 0.1).length,
          seeds: seeds.length,
          source: 'paper',
        },
        {
          claim: 'residual: autocorrelation above 0.8 at lag 1',
          measured: `${titles.residual}: ${range(lag1('residual'))}`,
          holds: lag1('residual').filter((value) => value > 0.8).length,
          seeds: seeds.length,
          source: 'paper',
        },
      ],
      figures: [
        labFigure(
          'autocorrelation',
          `How alike gradients at neighbouring inputs are; bands span ${seeds.length} seeds. One grid step is ${short(step)}. ${KINDS.map(sentence).join(' ')}`,
          (described) =>
            lineChart({
              ...described,
              title: 'Autocorrelation of the gradient over inputs',
              series,
              x: { label: 'distance in grid steps', integer: true },
              y: { label: 'autocorrelation' },
              references: [{ axis: 'y', value: 0 }],
            }),
        ),
        ...gradientSeries.map((one, i) =>
          labFigure(
            `gradient-${KINDS[i]}`,
            `∂f/∂x of one network (${one.name}, seed 0), divided by its largest size. Brown noise wanders; white noise jumps.`,
            (described) =>
              lineChart({
                ...described,
                title: `Gradient over inputs: ${one.name}`,
                series: [{ ...one, color: i }],
                x: { label: 'input x' },
                y: { label: '∂f/∂x, scaled' },
                height: 240,
              }),
          ),
        ),
      ],
      tables: [
        {
          name: 'autocorrelation',
          caption: 'Autocorrelation of ∂f/∂x by distance in grid steps.',
          columns: ['network', 'seed', 'lag', 'autocorrelation'],
          rows: KINDS.flatMap((kind) =>
            autocorrelations[kind].flatMap((row, seed) =>
              row.map((value, lag) => [titles[kind], seed, lag, value]),
            ),
          ),
        },
      ],
    };
  },
};

/** Autocorrelation of gradients over neighbouring inputs: shallow, deep plain and deep residual networks. */
export function shattering(options: LabOptions = {}): Promise<LabResult<ShatteringData>> {
  return runExperiment(shatteringExperiment, options);
}
