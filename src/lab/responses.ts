import { lineChart, type Model, readActivations, summarizeValues, take } from '../library.js';
import type { Experiment, LabOptions, LabResult } from './experiment.js';
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
import { bandOf, mean } from './statistics.js';
import { range } from './words.js';

/** Standard deviation of each 3×3 layer's response, from the input on. */
export type ResponseProfile = readonly number[];

/** What `responses` measures: one profile a seed for each network, such as `plain-56`. */
export type ResponsesData = Readonly<Record<string, readonly ResponseProfile[]>>;

const IMAGES = 200;

async function responsesOf(
  model: Model,
  data: Parameters<typeof readActivations>[1],
): Promise<number[]> {
  const layers = [
    'conv1_bn',
    ...blockNames(model).flatMap((name) => [`${name}_1_bn`, `${name}_2_bn`]),
  ];
  const outputs = await readActivations(model, data, layers, { batchSize: IMAGES });
  return layers.map((name) => {
    const { rms, mean: centre } = summarizeValues(outputs.get(name)?.data ?? new Float32Array());
    return Math.sqrt(Math.max(0, rms * rms - centre * centre));
  });
}

function networksOf(settings: ImageSettings): readonly NetworkKind[] {
  const [shallow, deep] = comparedDepths(settings);
  return [
    ['plain', deep],
    ['residual', shallow],
    ['residual', deep],
  ];
}

/** The experiment behind `responses`. */
export const responsesExperiment: Experiment<ImageSettings, number[], ResponsesData> = {
  name: 'responses',
  title: 'Responses of layers',
  question:
    'Do the layers of a residual network change the signal less than those of a plain one, and less in a deeper network?',
  background: [
    'He et al. (2015), Fig. 7: the standard deviation of the responses of 3×3 layers (after normalisation, before relu and addition) is smaller in residual networks than in plain ones, and smaller in deeper residual networks: their functions are nearer to zero.',
    'The article: F(x) → 0, so that a block is almost an identity.',
  ],
  paper: 'He et al. (2015), Fig. 7',
  cost: {
    quick: 'some 10 seconds a seed; less after `degradation` in the same folder',
    full: '20 hours for its 3 seeds; minutes after `degradation` in the same folder',
  },
  reservations: [
    'responses of residual-20 are larger than those of residual-56, 1 of 3 seeds (they differ by less than seeds do)',
  ],
  usesData: true,
  settings: { quick: QUICK, full: FULL },
  seeds: { quick: 1, full: 3 },
  parts: (settings, seeds) =>
    networkParts(networksOf(settings), seeds, async (context, seed, [family, depth]) => {
      const { model, data } = await trainFamily(context, settings, seed, family, depth);
      try {
        return await responsesOf(model, take(data.test, IMAGES));
      } finally {
        await model.dispose();
      }
    }),
  conclude(parts, settings, seeds) {
    const data: ResponsesData = networkResults(parts, networksOf(settings), seeds);
    const names = Object.keys(data);
    const means = names.map((name) => data[name].map(mean));
    const [plain, shallow, deep] = means;
    const sentence = names.map((name, i) => `${name} ${range(means[i])}`).join(', ');
    const count = (holds: (seed: number) => boolean) => seeds.filter(holds).length;
    const check = (
      claim: string,
      holds: (seed: number) => boolean,
      source: 'paper' | 'article',
      remark?: string,
    ) => ({
      claim,
      measured: `mean over layers: ${sentence}`,
      holds: count(holds),
      seeds: seeds.length,
      source,
      ...(remark !== undefined && { remark }),
    });
    const series = (sorted: boolean) =>
      names.map((name) => {
        const rows = data[name].map((profile) =>
          sorted ? profile.toSorted((a, b) => b - a) : profile,
        );
        const { middle, lower, upper } = bandOf(rows);
        return {
          name,
          x: middle.map((_, i) => i + 1),
          y: middle,
          band: { lower, upper },
          markers: false,
        };
      });
    return {
      data,
      method: [
        trainingSentence(settings),
        `After training, the standard deviation of each 3×3 layer's output over ${IMAGES} test images was taken, after batch normalisation and before relu and addition, in inference mode.`,
      ],
      measured: [`Standard deviation of responses, mean over layers: ${sentence}.`],
      checks: [
        check(
          `${names[0]} has larger responses than ${names[1]}`,
          (i) => plain[i] > shallow[i],
          'paper',
        ),
        check(
          `${names[1]} has larger responses than ${names[2]}`,
          (i) => shallow[i] > deep[i],
          'paper',
          'At the quick settings 1 of 3 seeds shows it: there the means, 0.99 to 1.02 and 1.01 to 1.03, differ by no more than seeds do, so that these settings cannot tell.',
        ),
        check(
          'residual functions are nearer to zero than plain ones of the same depth',
          (i) => deep[i] < plain[i],
          'article',
        ),
      ],
      figures: [false, true].map((sorted) =>
        labFigure(
          sorted ? 'responses-sorted' : 'responses',
          `Standard deviation of each 3×3 layer's response, ${sorted ? 'sorted by size' : 'from the input on'}, as in Fig. 7 of the paper, but on a logarithmic axis; bands span ${seeds.length} seed(s). Mean over layers: ${sentence}.`,
          (described) =>
            lineChart({
              ...described,
              title: sorted
                ? 'Responses of 3×3 layers, sorted by size'
                : 'Responses of 3×3 layers, in order',
              series: series(sorted),
              x: { label: sorted ? 'layer, sorted by size' : 'layer', integer: true },
              y: { label: 'standard deviation', scale: 'log' },
            }),
        ),
      ),
      tables: [
        {
          name: 'responses',
          caption: 'Standard deviation of responses by layer.',
          columns: ['network', 'seed', 'layer', 'standard deviation'],
          rows: names.flatMap((name) =>
            data[name].flatMap((profile, seed) =>
              profile.map((value, i) => [name, seed, i + 1, value]),
            ),
          ),
        },
      ],
    };
  },
};

/** How strongly each layer of trained networks responds. */
export function responses(options: LabOptions): Promise<LabResult<ResponsesData>> {
  return runExperiment(responsesExperiment, options);
}
