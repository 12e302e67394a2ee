import { shortNumber } from '../figures/axis.js';
import { lineChart } from '../figures/line-chart.js';
import type { FigureOptions } from '../figures/svg.js';
import type { LearningRateTest } from '../models/find-learning-rate.js';

/** The loss over the learning rate, with the rate at which it falls fastest, as SVG. */
export function drawLearningRates(
  { rates, losses, smoothed, suggestion }: LearningRateTest,
  options: FigureOptions = {},
): string {
  return lineChart({
    title: 'Loss while the learning rate rises',
    ...options,
    x: { label: 'Learning rate', scale: 'log' },
    y: { label: 'Loss' },
    series: [
      { name: 'each step', x: rates, y: losses, color: 0, weight: 'thin', markers: false },
      { name: 'smoothed', x: rates, y: smoothed, color: 0, weight: 'bold', markers: false },
    ],
    ...(suggestion !== undefined && {
      references: [
        {
          axis: 'x' as const,
          value: suggestion,
          label: `falls fastest at ${shortNumber(suggestion)}`,
        },
      ],
    }),
  });
}
