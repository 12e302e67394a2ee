import {
  add,
  barChart,
  cifarResnet,
  constant,
  conv2d,
  dropout,
  type LineSeries,
  lambda,
  lineChart,
  type Model,
  multiply,
  ops,
  rewire,
  type SymbolicTensor,
} from '../library.js';
import { curveTable, divergedSentence } from './curve-table.js';
import type { Experiment, LabOptions, LabResult } from './experiment.js';
import { labFigure } from './lab-figure.js';
import {
  FULL,
  type ImageSettings,
  networkOptions,
  QUICK,
  trainingSentence,
  trainOnImages,
} from './networks.js';
import { runExperiment } from './run-experiment.js';
import { bandOf, mean } from './statistics.js';
import type { Curve } from './train-network.js';
import { list, percent, range, short } from './words.js';

type Pair = readonly [shortcut: SymbolicTensor, branch: SymbolicTensor];
type Transform = (pair: Pair, name: string) => Pair;

const scaled = (x: SymbolicTensor, factor: number) =>
  lambda((value) => ops.affine(value, factor))(x);

/** sigmoid(1×1 convolution of x), with this first bias. */
function gate(x: SymbolicTensor, name: string, bias: number): SymbolicTensor {
  const filters = x.sampleShape[2];
  return conv2d({
    filters,
    kernelSize: 1,
    activation: 'sigmoid',
    biasInitializer: constant(bias),
    kernelInitializer: 'heNormal',
    name,
  })(x);
}

const not = (g: SymbolicTensor) => lambda((value) => ops.affine(value, -1, 1))(g);

const exclusive =
  (bias: number): Transform =>
  ([shortcut, branch], name) => {
    const g = gate(shortcut, `${name}_gate`, bias);
    return [multiply()([shortcut, not(g)]), multiply()([branch, g])];
  };

const shortcutOnly =
  (bias: number): Transform =>
  ([shortcut, branch], name) => {
    return [multiply()([shortcut, not(gate(shortcut, `${name}_gate`, bias))]), branch];
  };

const ZOO = {
  identity: (pair) => pair,
  'scale 0.5': ([shortcut, branch]) => [scaled(shortcut, 0.5), scaled(branch, 0.5)],
  'exclusive gate, b = 0': exclusive(0),
  'exclusive gate, b = −6': exclusive(-6),
  'shortcut gate, b = 0': shortcutOnly(0),
  'shortcut gate, b = −6': shortcutOnly(-6),
  '1×1 convolution': ([shortcut, branch], name) => {
    const filters = shortcut.sampleShape[2];
    return [
      conv2d({ filters, kernelSize: 1, kernelInitializer: 'heNormal', name: `${name}_shortcut` })(
        shortcut,
      ),
      branch,
    ];
  },
  'dropout 0.5': ([shortcut, branch], name) => [
    dropout({ rate: 0.5, name: `${name}_drop` })(shortcut),
    branch,
  ],
} satisfies Record<string, Transform>;

/** A kind of shortcut. */
export type ShortcutKind = keyof typeof ZOO;

const KINDS = Object.keys(ZOO) as ShortcutKind[];

/** What `shortcuts` measures: one curve a seed. */
export type ShortcutsData = Readonly<Record<string, readonly Curve[]>>;

/** The residual network with another kind of shortcut. */
export function withShortcuts(model: Model, kind: ShortcutKind): Model {
  const transform: Transform = ZOO[kind];
  return rewire(model, (layer, inputs) => {
    if (!layer.name.endsWith('_add')) return undefined;
    return add({ name: layer.name })(transform([inputs[0], inputs[1]], layer.name));
  });
}

/** Both gates of a kind share a colour, so that eight lines are told apart by more than that. */
const STYLES: Readonly<Record<ShortcutKind, Pick<LineSeries, 'color' | 'dash' | 'weight'>>> = {
  identity: { color: 0, weight: 'bold' },
  'scale 0.5': { color: 1, dash: 'dotted' },
  'exclusive gate, b = 0': { color: 2 },
  'exclusive gate, b = −6': { color: 2, dash: 'dashed' },
  'shortcut gate, b = 0': { color: 3 },
  'shortcut gate, b = −6': { color: 3, dash: 'dashed' },
  '1×1 convolution': { color: 4 },
  'dropout 0.5': { color: 7, dash: 'dotted' },
};

interface MeanLoss {
  readonly name: ShortcutKind;
  readonly loss: readonly number[];
}

/** Losses beyond this leave the figure: it is some four times that of chance. */
const MOST_DRAWN = 10;

/** The axis up to the largest loss that is drawn, where there are larger ones that leave it. */
function readableDomain(curves: readonly MeanLoss[]): { domain?: [number, number] } {
  const all = curves.flatMap(({ loss }) => loss).filter((value) => value > 0);
  const lowest = Math.min(...all);
  if (!(Math.max(...all) > MOST_DRAWN && lowest < MOST_DRAWN)) return {};
  const drawn = all.filter((value) => value <= MOST_DRAWN);
  return { domain: [lowest / 1.1, Math.max(...drawn) * 1.1] };
}

function beyondSentence(curves: readonly MeanLoss[]): string {
  const beyond = curves.filter(({ loss }) => loss.some((value) => value > MOST_DRAWN));
  if (beyond.length === 0) return '';
  const tops = beyond.map(
    ({ name, loss }) => `${name}, whose loss goes up to ${short(Math.max(...loss))}`,
  );
  return ` Beyond the figure, which has no losses above ${MOST_DRAWN}: ${list(tops)}.`;
}

/** The experiment behind `shortcuts`. */
export const shortcutsExperiment: Experiment<ImageSettings, Curve, ShortcutsData> = {
  name: 'shortcuts',
  title: 'Kinds of shortcuts',
  question:
    'Is a shortcut that is exactly the identity better than one that scales, gates, convolves or drops?',
  background: [
    'He et al. (2016), Table 1, ResNet-110 on CIFAR-10: identity 6.61 % error; scale 0.5 12.35 %; exclusive gate 8.70 % with b = −6 and worse with b = 0; shortcut gate 6.91 % with b = −6, 12.86 % with b = 0; 1×1 convolution 12.22 %; dropout fails (above 20 %).',
    'The article: the 1 that the identity adds to the gradient keeps the chain stable.',
  ],
  paper: 'He et al., "Identity mappings in deep residual networks" (2016), Table 1',
  cost: { quick: 'some 20 seconds a seed', full: 'five days for its 3 seeds' },
  reservations: [
    'the identity has the lowest loss of all, 2 of 3 seeds (a gate that is nearly the identity is close)',
    'an exclusive gate is better with b = −6, 0 of 3 seeds (120 steps are too few for it)',
  ],
  usesData: true,
  settings: { quick: { ...QUICK, depth: 32 }, full: { ...FULL, depth: 110 } },
  seeds: { quick: 1, full: 3 },
  parts: (settings, seeds) =>
    seeds.flatMap((seed) =>
      KINDS.map((kind) => ({
        key: `${kind} seed ${seed}`,
        weight: 1,
        async run(context) {
          const { depth } = settings;
          const { model, curve } = await trainOnImages(
            context,
            settings,
            seed,
            kind === 'identity' ? `residual-${depth}` : `residual-${depth}, ${kind}`,
            (inputShape) => {
              const whole = cifarResnet(networkOptions(settings, inputShape));
              return kind === 'identity' ? whole : withShortcuts(whole, kind);
            },
          );
          await model.dispose();
          return curve;
        },
      })),
    ),
  conclude(parts, settings, seeds) {
    const data = Object.fromEntries(
      KINDS.map((kind) => [kind, seeds.map((seed) => parts.get(`${kind} seed ${seed}`) as Curve)]),
    );
    const end = (values: readonly number[]) =>
      values[values.length - 1] ?? Number.POSITIVE_INFINITY;
    const loss = (kind: ShortcutKind) =>
      data[kind].map((curve) => (curve.diverged ? Number.POSITIVE_INFINITY : end(curve.loss)));
    const error = (kind: ShortcutKind) =>
      data[kind].map(({ testAccuracy }) => 1 - (testAccuracy[testAccuracy.length - 1] ?? 0));
    const sentence = (kind: ShortcutKind) =>
      `${kind}: training loss ${range(loss(kind))}, test error ${range(error(kind), percent)}`;
    const count = (holds: (seed: number) => boolean) => seeds.filter(holds).length;
    const check = (
      claim: string,
      kinds: readonly ShortcutKind[],
      holds: (seed: number) => boolean,
      remark?: string,
    ) => ({
      claim,
      measured: `training loss ${kinds.map((kind) => `${kind} ${range(loss(kind))}`).join(', ')}`,
      holds: count(holds),
      seeds: seeds.length,
      source: 'paper' as const,
      ...(remark !== undefined && { remark }),
    });
    const curves = KINDS.map((name) => ({
      name,
      loss: bandOf(data[name].map((curve) => curve.loss)).middle,
    }));
    const below = (a: ShortcutKind, b: ShortcutKind, i: number, factor = 1) =>
      loss(a)[i] * factor < loss(b)[i];
    return {
      data,
      method: [
        trainingSentence(settings),
        `The shortcuts of a residual network of ${settings.depth} layers were replaced as in Table 1 of the paper. Compared is the training loss of the last epoch: differences of the test error on ${settings.testImages} images are small against its noise.`,
      ],
      measured: KINDS.map((kind) => `${sentence(kind)}.`),
      checks: [
        check(
          'identity has the lowest training loss of all',
          KINDS,
          (i) => KINDS.every((kind) => kind === 'identity' || below('identity', kind, i)),
          'At the quick settings 2 of 3 seeds show it: in the other the shortcut gate with b = −6, which lets 99.8 % of the signal through at first and so is nearly the identity, has a lower loss (0.643 against 0.676).',
        ),
        check(
          'scale 0.5 is clearly worse than identity (training loss above 1.1 times)',
          ['identity', 'scale 0.5'],
          (i) => below('identity', 'scale 0.5', i, 1.1),
        ),
        check(
          'dropout is clearly worse than identity (training loss above 1.1 times)',
          ['identity', 'dropout 0.5'],
          (i) => below('identity', 'dropout 0.5', i, 1.1),
        ),
        check(
          'a shortcut gate is better with b = −6 than with b = 0',
          ['shortcut gate, b = −6', 'shortcut gate, b = 0'],
          (i) => below('shortcut gate, b = −6', 'shortcut gate, b = 0', i),
        ),
        check(
          'an exclusive gate is better with b = −6 than with b = 0',
          ['exclusive gate, b = −6', 'exclusive gate, b = 0'],
          (i) => below('exclusive gate, b = −6', 'exclusive gate, b = 0', i),
          'At the quick settings 0 of 3 seeds show it: with b = −6 the branches are multiplied by 0.0025 at first, and 120 steps do not get a loss below 1.77; the paper trains for 64,000 steps.',
        ),
      ],
      figures: [
        labFigure(
          'test-error',
          `Test error after the last epoch, as in Table 1 of the paper: bars are means of ${seeds.length} seed(s), thin lines go from the lowest to the highest. Chance is 90 %. ${KINDS.map((kind) => `${kind} ${range(error(kind), percent)}`).join('; ')}.`,
          (described) =>
            barChart({
              ...described,
              title: 'Test error in the last epoch, by shortcut',
              categories: KINDS,
              series: [
                {
                  name: 'test error',
                  values: KINDS.map((kind) => mean(error(kind))),
                  ranges: {
                    lower: KINDS.map((kind) => Math.min(...error(kind))),
                    upper: KINDS.map((kind) => Math.max(...error(kind))),
                  },
                },
              ],
              direction: 'horizontal',
              value: { label: 'error', format: 'percent', domain: [0, 1] },
            }),
        ),
        labFigure(
          'curves',
          `Training loss by epoch, mean over ${seeds.length} seed(s), on a logarithmic axis.${beyondSentence(curves)}${divergedSentence(data)}`,
          (described) =>
            lineChart({
              ...described,
              title: 'Training loss by epoch',
              series: curves.map(({ name, loss: middle }) => ({
                name,
                ...STYLES[name],
                x: middle.map((_, i) => i + 1),
                y: middle,
                markers: false,
              })),
              x: { label: 'epoch', integer: true },
              // A shortcut that fails goes up by many powers of ten, and would press the others together.
              y: { label: 'cross-entropy', scale: 'log', ...readableDomain(curves) },
            }),
        ),
      ],
      tables: [curveTable('shortcut', data)],
    };
  },
};

/** Residual networks with other shortcuts than the identity. */
export function shortcuts(options: LabOptions): Promise<LabResult<ShortcutsData>> {
  return runExperiment(shortcutsExperiment, options);
}
