import { type LineSeries, lineChart } from '../figures/line-chart.js';

/** Running means over an epoch after a step, as a run's log holds them. */
export interface StepFigures {
  /** From 1. */
  readonly epoch: number;
  /** Samples of the epoch that are done. */
  readonly samples: number;
  /** Running mean of the loss. */
  readonly loss: number;
  /** Running mean of the accuracy. */
  readonly accuracy: number;
}

/** Means over a whole epoch by name, such as `loss` and `valLoss`. */
export interface EpochFigures {
  /** From 1. */
  readonly epoch: number;
  /** By name. */
  readonly figures: Readonly<Record<string, number>>;
}

const MOST_POINTS = 150;

/** Figures of single steps from running means, then means over stretches of equally many steps. */
function stretches(
  steps: readonly StepFigures[],
  name: 'loss' | 'accuracy',
  samplesOfEpoch: number,
): { x: number[]; y: number[] } {
  const points: { x: number; y: number; weight: number }[] = [];
  let before: StepFigures | undefined;
  for (const step of steps) {
    const goesOn = before?.epoch === step.epoch && before.samples < step.samples;
    const [samples, sum] =
      goesOn && before ? [before.samples, before[name] * before.samples] : [0, 0];
    const weight = step.samples - samples;
    const y = (step[name] * step.samples - sum) / weight;
    const x = step.epoch - 1 + (samples + weight / 2) / samplesOfEpoch;
    points.push({ x, y, weight });
    before = step;
  }
  const length = Math.max(1, Math.ceil(points.length / MOST_POINTS));
  const [x, y]: [number[], number[]] = [[], []];
  for (let i = 0; i < points.length; i += length) {
    const part = points.slice(i, i + length);
    const total = part.reduce((sum, { weight }) => sum + weight, 0);
    x.push(part.reduce((sum, point) => sum + point.x * point.weight, 0) / total);
    y.push(part.reduce((sum, point) => sum + point.y * point.weight, 0) / total);
  }
  return { x, y };
}

/**
 * Loss and accuracy while training: training thin, by steps where these are known; validation bold.
 * @param samplesOfEpoch samples that an epoch trains on.
 * @returns one chart for each figure that the epochs have.
 */
export function trainingCurves(
  epochs: readonly EpochFigures[],
  steps: readonly StepFigures[],
  samplesOfEpoch: number,
): string[] {
  const charts = [
    ['loss', 'valLoss', 'loss', 'number'],
    ['accuracy', 'valAccuracy', 'accuracy', 'percent'],
  ] as const;
  return charts.flatMap(([name, validation, label, format]) => {
    const known = epochs.filter(({ figures }) => Number.isFinite(figures[name]));
    const perStep = stretches(steps, name, samplesOfEpoch);
    const training: LineSeries =
      perStep.x.length > 0
        ? { name: 'training', ...perStep, weight: 'thin', color: 0, markers: false }
        : {
            name: 'training',
            x: known.map(({ epoch }) => epoch),
            y: known.map(({ figures }) => figures[name]),
            weight: 'thin',
            color: 0,
          };
    if (training.x.length === 0) return [];
    const measured = epochs.filter(({ figures }) => Number.isFinite(figures[validation]));
    const series: LineSeries[] = [training];
    if (measured.length > 0) {
      series.push({
        name: 'validation, at the end of each epoch',
        x: measured.map(({ epoch }) => epoch),
        y: measured.map(({ figures }) => figures[validation]),
        weight: 'bold',
        color: 1,
      });
    }
    return lineChart({
      series,
      legend: true,
      width: 420,
      height: 280,
      x: {
        label: 'epoch',
        domain: [0, Math.max(1, ...epochs.map(({ epoch }) => epoch), ...(training.x as number[]))],
      },
      y: { label, format },
    });
  });
}
