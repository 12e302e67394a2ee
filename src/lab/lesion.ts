import { type Dataset, type Model, rewire, type SymbolicTensor, stripPlot } from '../library.js';
import type { Experiment, LabOptions, LabResult, PartContext } from './experiment.js';
import { labFigure } from './lab-figure.js';
import {
  blockNames,
  comparedDepths,
  FULL,
  type ImageSettings,
  type NetworkKind,
  networkParts,
  networkResults,
  QUICK,
  trainFamily,
  trainingSentence,
} from './networks.js';
import { runExperiment } from './run-experiment.js';
import { median } from './statistics.js';
import { percent, range } from './words.js';

/** One network's accuracy, whole and without each block that keeps its shape. */
export interface LesionFound {
  /** Test accuracy of the whole network. */
  readonly whole: number;
  /** Names of the blocks. */
  readonly blocks: readonly string[];
  /** Test accuracy without each of them. */
  readonly without: readonly number[];
}

/** What `lesion` measures: one entry a seed for each network. */
export type LesionData = Readonly<Record<string, readonly LesionFound[]>>;

/**
 * The model without one block: a residual block keeps its shortcut only, a plain one becomes its input.
 * Undefined where the block changes the shape of a plain network's images.
 */
export function withoutBlock(model: Model, block: string): Model | undefined {
  let last: SymbolicTensor | undefined;
  let possible = true;
  const residual = model.layers.some(({ name }) => name === `${block}_add`);
  const lesioned = rewire(model, (layer, inputs) => {
    const { name } = layer;
    if (name === `${block}_add`) return inputs[0];
    if (name === 'conv1_relu' || (name.endsWith('_out') && name !== `${block}_out`)) {
      last = layer.connect(inputs)[0];
      return last;
    }
    if (name !== `${block}_out` || residual || last === undefined) return undefined;
    if (String(last.sampleShape) === String(inputs[0].sampleShape)) return last;
    possible = false;
    return undefined;
  });
  return possible ? lesioned : undefined;
}

async function accuracyOf(model: Model, data: Dataset, { engine }: PartContext): Promise<number> {
  model.compile({ loss: 'categoricalCrossentropy', metrics: ['accuracy'], ...engine });
  try {
    return (await model.evaluate(data, { batchSize: 250 })).accuracy;
  } finally {
    await model.dispose();
  }
}

function networksOf(settings: ImageSettings): readonly NetworkKind[] {
  const [shallow, deep] = comparedDepths(settings);
  return [
    ['residual', deep],
    ['residual', shallow],
    ['plain', shallow],
  ];
}

/** The experiment behind `lesion`. */
export const lesionExperiment: Experiment<ImageSettings, LesionFound, LesionData> = {
  name: 'lesion',
  title: 'Deleting blocks after training',
  question: 'What happens to a trained network when one of its blocks is deleted?',
  background: [
    'Veit et al. (2016), Fig. 3: deleting a block of a residual network hardly matters, deleting a layer of a plain one destroys it: a residual network behaves like an ensemble of many paths.',
    'The article: blocks of which F(x) is almost 0 keep an identity and can do no harm.',
  ],
  paper:
    'Veit et al., "Residual networks behave like ensembles of relatively shallow networks" (2016), Fig. 3',
  cost: {
    quick: 'some 20 seconds a seed',
    full: '15 hours for its 3 seeds; less than an hour after `degradation` in the same folder',
  },
  reservations: [],
  usesData: true,
  settings: { quick: QUICK, full: FULL },
  seeds: { quick: 1, full: 3 },
  parts: (settings, seeds) =>
    networkParts(networksOf(settings), seeds, async (context, seed, [family, depth]) => {
      const { model, data } = await trainFamily(context, settings, seed, family, depth, {
        from: 0,
        to: 0.6,
      });
      try {
        const whole = (await model.evaluate(data.test, { batchSize: 250 })).accuracy;
        const all = blockNames(model);
        const [blocks, without]: [string[], number[]] = [[], []];
        for (const block of all) {
          const lesioned = withoutBlock(model, block);
          const stage = block.slice(0, block.indexOf('_'));
          // The first block of the later stages changes the shape, in both families.
          const changes = block.endsWith('block1') && stage !== 'conv2';
          if (lesioned === undefined || changes) continue;
          blocks.push(block);
          without.push(await accuracyOf(lesioned, data.test, context));
          context.advance(0.6 + (0.4 * blocks.length) / all.length);
        }
        return { whole, blocks, without };
      } finally {
        await model.dispose();
      }
    }),
  conclude(parts, settings, seeds) {
    const data: LesionData = networkResults(parts, networksOf(settings), seeds);
    const names = Object.keys(data);
    const drops = (name: string) =>
      data[name].map(({ whole, without }) => median(without.map((one) => whole - one)));
    const left = (name: string) => data[name].map(({ without }) => median(without));
    const sentence = (name: string) =>
      `${name}: ${range(
        data[name].map(({ whole }) => whole),
        percent,
      )} whole, ${range(left(name), percent)} (median) without one block, a drop of ${range(drops(name).map((drop) => 100 * drop))} points`;
    const [deep, shallow, plain] = names;
    const dots = (name: string) => data[name].flatMap(({ without }) => without);
    return {
      data,
      method: [
        trainingSentence(settings),
        'After training, each block that keeps the shape of its input was deleted in turn, without training again: of a residual block the shortcut stays, of a plain one its input goes on.',
      ],
      measured: names.map((name) => `${sentence(name)}.`),
      checks: [
        {
          claim: `${deep}: the median drop is below 2 points`,
          measured: sentence(deep),
          holds: drops(deep).filter((drop) => drop < 0.02).length,
          seeds: seeds.length,
          source: 'paper',
        },
        {
          claim: `${plain}: deleting a block leaves an accuracy below 25 % (median)`,
          measured: sentence(plain),
          holds: left(plain).filter((one) => one < 0.25).length,
          seeds: seeds.length,
          source: 'paper',
        },
        {
          claim: `deleting a block of ${shallow} harms less than deleting one of ${plain}`,
          measured: `median drop ${range(drops(shallow).map((drop) => 100 * drop))} against ${range(drops(plain).map((drop) => 100 * drop))} points`,
          holds: seeds.filter((i) => drops(shallow)[i] < drops(plain)[i]).length,
          seeds: seeds.length,
          source: 'article',
        },
      ],
      figures: [
        labFigure(
          'lesion',
          `Each dot is the network without one of its blocks, in all of ${seeds.length} seed(s); bars are the medians of the dots: ${names.map((name) => `${name} ${percent(median(dots(name)))}`).join(', ')}. By seed: ${names.map(sentence).join('; ')}.`,
          (described) =>
            stripPlot({
              ...described,
              title: 'Test accuracy without one block',
              groups: names.map((name) => ({ name, values: dots(name) })),
              value: { label: 'test accuracy', format: 'percent', domain: [0, 1] },
              categoryLabel: 'network',
            }),
        ),
      ],
      tables: [
        {
          name: 'lesion',
          caption: 'Test accuracy without each block.',
          columns: ['network', 'seed', 'deleted', 'test accuracy'],
          rows: names.flatMap((name) =>
            data[name].flatMap(({ whole, blocks, without }, seed) => [
              [name, seed, 'nothing', whole],
              ...blocks.map((block, i) => [name, seed, block, without[i]]),
            ]),
          ),
        },
      ],
    };
  },
};

/** Accuracy of trained networks without each of their blocks. */
export function lesion(options: LabOptions): Promise<LabResult<LesionData>> {
  return runExperiment(lesionExperiment, options);
}
