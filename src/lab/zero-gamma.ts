import {
  cifarResnet,
  type Dataset,
  Layer,
  type LayerConfig,
  lineChart,
  type Model,
  ops,
  rewire,
  type Variable,
  zeros,
} from '../library.js';
import type { Experiment, LabOptions, LabResult, PartContext } from './experiment.js';
import { LAB_CLASSES, prepareData } from './lab-data.js';
import { labFigure } from './lab-figure.js';
import {
  blockNames,
  FULL,
  type ImageSettings,
  networkOptions,
  QUICK,
  trainOnImages,
} from './networks.js';
import { runExperiment } from './run-experiment.js';
import type { Curve } from './train-network.js';
import { list, range, short } from './words.js';

type Value = Parameters<typeof ops.multiply>[0];

/** x times one number that is learnt and begins at 0 (De and Smith, 2020). */
class SkipGain extends Layer {
  readonly className = 'SkipGain';
  #gain: Variable | undefined;

  constructor(name: string) {
    super({ name }, 'skip_gain');
  }

  protected override build([shape]: readonly (readonly number[])[]): void {
    this.#gain = this.addWeight(
      'gain',
      shape.map(() => 1),
      zeros(),
    );
  }

  call([x]: readonly Value[], context: Parameters<Layer['call']>[1]): Value {
    const gain = context.read(this.#gain as Variable);
    const full = ops.reshape(
      gain,
      x.shape.map(() => 1),
    );
    return ops.multiply(x, full);
  }

  getConfig(): LayerConfig {
    return {};
  }
}

/** The model with every residual branch multiplied by a learnt number that begins at 0. */
export function withSkipInit(model: Model): Model {
  return rewire(model, (layer, [shortcut, branch]) => {
    if (!layer.name.endsWith('_add')) return undefined;
    return layer.connect([shortcut, new SkipGain(layer.name.replace(/_add$/, '_gain'))(branch)]);
  });
}

/** What `zeroGamma` measures. */
export interface ZeroGammaData {
  /** Blocks without a change of shape, and in how many of them the output is relu(x) bit for bit. */
  readonly blocks: { readonly compared: number; readonly exact: number };
  /** Training without batch normalisation, one curve a seed. */
  readonly curves: Readonly<Record<'SkipInit' | 'He', readonly Curve[]>>;
}

type Found = { compared: number; exact: number } | Curve;

async function compareBlocks(settings: ImageSettings, data: Dataset, { engine }: PartContext) {
  const [inputShape] = data.inputShapes;
  const model = cifarResnet({ ...networkOptions(settings, inputShape), zeroInitResidual: true });
  model.compile({ loss: 'categoricalCrossentropy', ...engine });
  try {
    const outs = ['conv1_relu', ...blockNames(model).map((name) => `${name}_out`)];
    const { layers } = await model.probe(data, { layers: outs });
    let [compared, exact] = [0, 0];
    outs.slice(1).forEach((name, i) => {
      const [x, y] = [layers.get(outs[i]), layers.get(name)];
      if (x === undefined || y === undefined || String(x.shape) !== String(y.shape)) return;
      compared++;
      if (y.activation.every((value, at) => value === Math.max(0, x.activation[at]))) exact++;
    });
    return { compared, exact };
  } finally {
    await model.dispose();
  }
}

/** Loss of one who guesses among the classes. */
const CHANCE = Math.log(LAB_CLASSES);
const MARGIN = 0.8;
const DASHES = ['solid', 'dashed', 'dotted'] as const;

/** Whether a network learnt something for certain: a last loss well below that of guessing, not by a hair. */
export function trains({ loss, diverged }: Pick<Curve, 'loss' | 'diverged'>): boolean {
  return !diverged && loss.length > 0 && loss[loss.length - 1] < MARGIN * CHANCE;
}

/** The experiment behind `zeroGamma`. */
export const zeroGammaExperiment: Experiment<ImageSettings, Found, ZeroGammaData> = {
  name: 'zero-gamma',
  title: 'Blocks that begin as the identity',
  question:
    'Is a block with γ = 0 exactly the identity at first, and does beginning there replace batch normalisation?',
  background: [
    'Goyal et al. (2017) begin the last γ of every block at 0, so that each block first passes its input on.',
    'De and Smith (2020): without normalisation a very deep residual network does not train, because its signal doubles at each block; with a factor that begins at 0 on every branch (SkipInit) it does.',
    'The article: F(x) → 0 leaves the identity, so depth does no harm.',
  ],
  paper:
    'Goyal et al. (2017), section 5.1; De and Smith, "Batch normalization biases residual blocks" (2020)',
  cost: { quick: 'some 15 seconds a seed', full: '5 hours for its 3 seeds' },
  reservations: [],
  usesData: true,
  settings: {
    quick: {
      ...QUICK,
      depth: 110,
      images: 500,
      testImages: 100,
      // SkipInit stays near chance for some ten epochs before it learns.
      epochs: 20,
      learningRate: 0.02,
      drops: [],
    },
    full: { ...FULL, depth: 110, epochs: 10, learningRate: 0.02, drops: [] },
  },
  seeds: { quick: 1, full: 3 },
  parts: (settings, seeds) => [
    {
      key: 'blocks',
      weight: 1,
      async run(context) {
        const { train } = await prepareData(context.data, { ...settings, images: 16 });
        return compareBlocks(settings, train, context);
      },
    },
    ...seeds.flatMap((seed) =>
      (['SkipInit', 'He'] as const).map((kind) => ({
        key: `${kind} seed ${seed}`,
        weight: 5,
        async run(context: PartContext) {
          const { depth } = settings;
          const { model, curve } = await trainOnImages(
            context,
            settings,
            seed,
            `${kind}-${depth} without BN`,
            (inputShape) => {
              const plain = cifarResnet({
                ...networkOptions(settings, inputShape),
                normalization: 'none',
              });
              return kind === 'He' ? plain : withSkipInit(plain);
            },
          );
          await model.dispose();
          return curve;
        },
      })),
    ),
  ],
  conclude(parts, settings, seeds) {
    const blocks = parts.get('blocks') as ZeroGammaData['blocks'];
    const of = (kind: 'SkipInit' | 'He') =>
      seeds.map((seed) => parts.get(`${kind} seed ${seed}`) as Curve);
    const curves = { SkipInit: of('SkipInit'), He: of('He') };
    const outcome = (kind: 'SkipInit' | 'He') =>
      list(
        curves[kind].map(
          (curve, seed) =>
            `seed ${seed}: ${curve.diverged ? `diverged in epoch ${curve.loss.length + 1}` : `loss ${short(curve.loss[0])} → ${short(curve.loss[curve.loss.length - 1])} over ${curve.loss.length} epochs`}`,
        ),
      );
    const name = `${settings.depth}`;
    return {
      data: { blocks, curves },
      method: [
        `A residual network of ${settings.depth} layers (${settings.width} channels in the first stage) with γ = 0 at the end of every branch was given 16 training images, and the output of each block without a change of shape compared bit by bit with relu of its input.`,
        `The same network without any normalisation was trained with He's initialisation, as it is and with a factor that begins at 0 on each branch (SkipInit): ${settings.images} images, ${settings.epochs} epochs, batches of ${settings.batchSize}, learning rate ${settings.learningRate}.`,
      ],
      measured: [
        `${blocks.exact} of ${blocks.compared} blocks gave relu(x) bit for bit.`,
        `SkipInit-${name}: ${outcome('SkipInit')}.`,
        `He-${name}: ${outcome('He')}. Chance is a loss of ${short(CHANCE)}; a network counts as trained below ${short(MARGIN * CHANCE)}.`,
      ],
      checks: [
        {
          claim: 'with γ = 0, block(x) = relu(x) bit for bit at initialisation',
          measured: `${blocks.exact} of ${blocks.compared} blocks`,
          holds: blocks.exact === blocks.compared && blocks.compared > 0 ? 1 : 0,
          seeds: 1,
          source: 'paper',
        },
        {
          claim: `without normalisation a SkipInit-${name} trains`,
          measured: outcome('SkipInit'),
          holds: curves.SkipInit.filter(trains).length,
          seeds: seeds.length,
          source: 'paper',
        },
        {
          claim: `without normalisation He-${name} diverges or does not get clearly below chance`,
          measured: outcome('He'),
          holds: curves.He.filter((curve) => !trains(curve)).length,
          seeds: seeds.length,
          source: 'paper',
        },
        {
          claim: 'blocks whose F(x) is 0 let a deep network train',
          measured: `final loss of SkipInit ${range(curves.SkipInit.map(({ loss }) => loss[loss.length - 1] ?? Number.NaN))}`,
          holds: curves.SkipInit.filter(trains).length,
          seeds: seeds.length,
          source: 'article',
        },
      ],
      figures: [
        labFigure(
          'loss',
          `Training loss without any normalisation, one dash a seed; a network that diverged before the end of its first epoch has no line. SkipInit: ${outcome('SkipInit')}. He: ${outcome('He')}.`,
          (described) =>
            lineChart({
              ...described,
              title: `${name} layers without normalisation`,
              series: (['SkipInit', 'He'] as const).flatMap((kind, place) =>
                curves[kind].flatMap(({ loss }, seed) =>
                  loss.length === 0
                    ? []
                    : [
                        {
                          name: `${kind}, seed ${seed}`,
                          x: loss.map((_, i) => i + 1),
                          y: loss,
                          // Every seed has a look of its own: a dash, and beyond three another colour.
                          color: place + 2 * Math.floor(seed / DASHES.length),
                          dash: DASHES[seed % DASHES.length],
                          markers: true,
                        },
                      ],
                ),
              ),
              x: { label: 'epoch', integer: true },
              y: { label: 'training loss' },
              legend: true,
              references: [{ axis: 'y', value: CHANCE, label: 'chance' }],
            }),
        ),
      ],
      tables: [
        {
          name: 'loss',
          caption: 'Training loss by epoch, without normalisation.',
          columns: ['network', 'seed', 'epoch', 'loss'],
          rows: (['SkipInit', 'He'] as const).flatMap((kind) =>
            curves[kind].flatMap(({ loss }, seed) =>
              loss.map((value, i) => [kind, seed, i + 1, value]),
            ),
          ),
        },
      ],
    };
  },
};

/** Blocks with γ = 0 at first, and training without normalisation with and without SkipInit. */
export function zeroGamma(options: LabOptions): Promise<LabResult<ZeroGammaData>> {
  return runExperiment(zeroGammaExperiment, options);
}
