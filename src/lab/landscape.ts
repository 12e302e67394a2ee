import { contourPlot, type Dataset, type Model, Random, take, ValueError } from '../library.js';
import type { Experiment, LabOptions, LabResult } from './experiment.js';
import { labFigure } from './lab-figure.js';
import {
  type Family,
  FULL,
  type ImageSettings,
  QUICK,
  trainFamily,
  trainingSentence,
} from './networks.js';
import { runExperiment } from './run-experiment.js';
import { list, range, short } from './words.js';

/** Settings of `landscape`. */
export type LandscapeSettings = ImageSettings & {
  /** Points on each side of the grid, odd. */
  grid: number;
  /** Distance from the middle to the edge, in lengths of the weights. */
  reach: number;
  /** Training images on which the loss is taken. */
  lossImages: number;
};

/** The loss on a grid of one network. */
export interface LandscapeFound {
  /** Places of the grid on both axes. */
  readonly places: readonly number[];
  /** `loss[row][column]`. */
  readonly loss: readonly (readonly number[])[];
}

/** What `landscape` measures, one entry a seed. */
export type LandscapeData = Readonly<Record<Family, readonly LandscapeFound[]>>;

const FAMILIES: readonly Family[] = ['plain', 'residual'];
const STREAM = 0x6c616e64;
/** A loss that is no number, or larger than this, counts as this. */
const LARGEST = 1e6;

/** How many points have a loss at the cap. */
const capped = ({ loss }: Pick<LandscapeFound, 'loss'>) =>
  loss.flat().filter((value) => value >= LARGEST).length;

/** @throws {ValueError} for a grid that has no middle, or no points beside it. */
function checkGrid({ grid }: LandscapeSettings): void {
  if (grid % 2 === 1 && grid >= 3) return;
  throw new ValueError(
    `landscape: grid must be an odd number of at least 3, so that the trained weights are its middle, got ${grid}`,
  );
}

/** A random direction in the space of weights, each filter as long as the network's own; Li et al. (2018). */
function direction(model: Model, seed: number, axis: number): Map<string, Float32Array> {
  const result = new Map<string, Float32Array>();
  model.namedVariables.forEach(({ entry, variable }, place) => {
    // Biases and normalisations stay where they are.
    if (variable.shape.length < 2) return;
    const random = new Random(seed, [STREAM + axis, place]);
    const own = variable.hostValue;
    const drawn = Float32Array.from({ length: own.length }, () => random.normal());
    const filters = variable.shape[variable.shape.length - 1];
    for (let filter = 0; filter < filters; filter++) {
      let [wanted, found] = [0, 0];
      for (let at = filter; at < own.length; at += filters) {
        wanted += own[at] ** 2;
        found += drawn[at] ** 2;
      }
      const factor = Math.sqrt(wanted / found);
      for (let at = filter; at < own.length; at += filters) drawn[at] *= factor;
    }
    result.set(entry, drawn);
  });
  return result;
}

async function measure(
  model: Model,
  data: Dataset,
  settings: LandscapeSettings,
  seed: number,
  tell: (share: number) => void,
): Promise<LandscapeFound> {
  const { grid, reach } = settings;
  const origin = new Map<string, Float32Array>();
  for (const { entry, variable } of model.namedVariables)
    origin.set(entry, (await variable.read()).slice());
  const [across, up] = [direction(model, seed, 0), direction(model, seed, 1)];
  const places = Array.from({ length: grid }, (_, i) => -reach + (2 * reach * i) / (grid - 1));
  const loss: number[][] = [];
  for (const y of places) {
    const row: number[] = [];
    for (const x of places) {
      for (const { entry, variable } of model.namedVariables) {
        const [a, b, own] = [across.get(entry), up.get(entry), origin.get(entry)];
        if (a === undefined || b === undefined || own === undefined) continue;
        variable.write(own.map((value, i) => value + x * a[i] + y * b[i]));
      }
      const figure = (await model.evaluate(data, { batchSize: data.size })).loss;
      row.push(Number.isFinite(figure) ? Math.min(figure, LARGEST) : LARGEST);
    }
    loss.push(row);
    tell(loss.length / grid);
  }
  return { places, loss };
}

/** Points lower than their eight neighbours, the middle and its neighbours left out. */
export function nonCentralMinima({ loss }: Pick<LandscapeFound, 'loss'>): number {
  const size = loss.length;
  const middle = (size - 1) / 2;
  let count = 0;
  for (let row = 1; row < size - 1; row++) {
    for (let column = 1; column < size - 1; column++) {
      if (Math.abs(row - middle) <= 1 && Math.abs(column - middle) <= 1) continue;
      const around = [-1, 0, 1].flatMap((y) =>
        [-1, 0, 1].flatMap((x) => (x === 0 && y === 0 ? [] : loss[row + y][column + x])),
      );
      if (around.every((other) => loss[row][column] < other)) count++;
    }
  }
  return count;
}

/** The experiment behind `landscape`. */
export const landscapeExperiment: Experiment<LandscapeSettings, LandscapeFound, LandscapeData> = {
  name: 'landscape',
  title: 'Loss landscapes',
  question: 'Is the loss around a trained deep residual network smoother than around a plain one?',
  background: [
    'Li et al. (2018), Fig. 1 and 5: on random directions, normalised filter by filter, the loss around ResNet-56 is nearly convex, that around the network without shortcuts chaotic.',
  ],
  paper: 'Li et al., "Visualizing the loss landscape of neural nets" (2018)',
  cost: { quick: 'some 15 seconds a seed', full: '7 hours for its one seed' },
  reservations: [
    'more minima around plain-56 than around residual-56, 1 of 3 seeds (the grid is coarse; plain-56 is hardly trained)',
  ],
  usesData: true,
  settings: {
    quick: { ...QUICK, grid: 9, reach: 1, lossImages: 200 },
    full: { ...FULL, grid: 25, reach: 1, lossImages: 2000 },
  },
  seeds: { quick: 1, full: 1 },
  parts(settings, seeds) {
    checkGrid(settings);
    return seeds.flatMap((seed) =>
      FAMILIES.map((family) => ({
        key: `${family}-${settings.depth} seed ${seed}`,
        weight: 1,
        async run(context) {
          const { model, data } = await trainFamily(
            context,
            settings,
            seed,
            family,
            settings.depth,
            { from: 0, to: 0.4 },
          );
          try {
            const images = take(data.train, settings.lossImages);
            return await measure(model, images, settings, seed, (share) =>
              context.advance(0.4 + 0.6 * share),
            );
          } finally {
            await model.dispose();
          }
        },
      })),
    );
  },
  conclude(parts, settings, seeds) {
    const of = (family: Family) =>
      seeds.map((seed) => parts.get(`${family}-${settings.depth} seed ${seed}`) as LandscapeFound);
    const data = { plain: of('plain'), residual: of('residual') };
    const minima = (family: Family) => data[family].map(nonCentralMinima);
    const centre = (family: Family) =>
      data[family].map(({ loss }) => loss[(loss.length - 1) / 2][(loss.length - 1) / 2]);
    const sentence = `plain-${settings.depth} has ${range(minima('plain'))} minima besides the middle, residual-${settings.depth} ${range(minima('residual'))}; the loss in the middle is ${range(centre('plain'))} and ${range(centre('residual'))}`;
    const points = settings.grid ** 2;
    const caps = (family: Family) =>
      `${family}-${settings.depth} ${list(data[family].map((found) => String(capped(found))))}`;
    return {
      data,
      method: [
        trainingSentence(settings),
        `Around the trained weights, the loss of ${settings.lossImages} training images was taken on a grid of ${settings.grid} × ${settings.grid} along two random directions of which every filter is as long as the network's own, in inference mode. This is a projection of a space of many dimensions on a plane: what looks convex here need not be so.`,
      ],
      measured: [
        `${sentence[0].toUpperCase()}${sentence.slice(1)}.`,
        `Of ${points} points, so many have a loss above ${short(LARGEST)} or none that is a number, and count as ${short(LARGEST)}, by seed: ${FAMILIES.map(caps).join('; ')}.`,
      ],
      checks: [
        {
          claim: `the plane around plain-${settings.depth} has more minima besides the middle than that around residual-${settings.depth}`,
          measured: sentence,
          holds: seeds.filter((i) => minima('plain')[i] > minima('residual')[i]).length,
          seeds: seeds.length,
          source: 'paper',
          remark:
            'At the quick settings 1 of 3 seeds shows it: six epochs leave plain-56 at a loss of 1.8 to 2.1, hardly trained, and a grid of 9 × 9 points shows no valley narrower than two of its steps of 0.25. What every seed shows is how steep the plane around plain-56 is: 7 to 24 of its 81 points have a loss above a million or none that is a number, of those around residual-56 none.',
        },
      ],
      figures: FAMILIES.map((family) => {
        const [found] = data[family];
        const { places, loss } = found;
        const flat = loss.flat();
        const top = capped(found);
        const caption = [
          `Training loss on a plane through the trained weights (mark) of seed 0, from ${short(Math.min(...flat))} to ${top === 0 ? short(Math.max(...flat)) : `more than ${short(LARGEST)}`}; a projection.`,
          ...(top === 0
            ? []
            : [
                `${top} of ${points} points have a larger loss, or none that is a number, and are drawn as ${short(LARGEST)}.`,
              ]),
          `Minima besides the middle: ${nonCentralMinima(found)}.`,
        ].join(' ');
        return labFigure(`landscape-${family}`, caption, (described) =>
          contourPlot({
            ...described,
            title: `Loss around ${family}-${settings.depth} (a projection)`,
            values: loss,
            x: places,
            y: places,
            xLabel: 'first random direction',
            yLabel: 'second random direction',
            value: { label: 'training loss', scale: 'log' },
            marks: [[0, 0]],
          }),
        );
      }),
      tables: [
        {
          name: 'landscape',
          caption: `Loss on the grid. Capped: the loss was larger than ${LARGEST}, or no number.`,
          columns: ['network', 'seed', 'x', 'y', 'loss', 'capped'],
          rows: FAMILIES.flatMap((family) =>
            data[family].flatMap(({ places, loss }, seed) =>
              loss.flatMap((row, i) =>
                row.map((value, j) => [
                  ...[family, seed, places[j], places[i], value],
                  value >= LARGEST ? 'yes' : 'no',
                ]),
              ),
            ),
          ),
        },
      ],
    };
  },
};

/** The loss on a plane through trained weights. */
export function landscape(options: LabOptions): Promise<LabResult<LandscapeData>> {
  return runExperiment(landscapeExperiment, options);
}
