import { type AxisOptions, makeAxis } from './axis.js';
import { frame } from './frame.js';
import { element, type FigureOptions } from './svg.js';
import { paint, seriesPaint } from './theme.js';

/** Values of one category. */
export interface StripGroup {
  /** What stands below the column. */
  name: string;
  /** In any order. */
  values: ArrayLike<number>;
  /** Number of the colour, from 0; default the place in the list. */
  color?: number;
}

/** Options of `stripPlot`. */
export interface StripPlotOptions extends FigureOptions {
  /** From left to right. */
  groups: readonly StripGroup[];
  /** What the values are. */
  value?: AxisOptions;
  /** What the categories are. */
  categoryLabel?: string;
}

const GOLDEN = 0.618033988749895;

/** Every value as a dot in the column of its category, side by side, with a bar at the median. */
export function stripPlot(options: StripPlotOptions): string {
  const { groups, value = {}, categoryLabel, ...figure } = options;
  const y = makeAxis(
    groups.flatMap(({ values }) => Array.from(values)),
    value,
  );
  const x = makeAxis([], {
    ...(categoryLabel !== undefined && { label: categoryLabel }),
    domain: [0, Math.max(1, groups.length)],
    ticks: groups.map(({ name }, i) => ({ value: i + 0.5, label: name })),
  });
  return frame({ ...figure, x, y, grid: 'y' }, (plot) =>
    groups
      .map(({ values, color }, g) => {
        const fill = seriesPaint(color ?? g);
        const dots = Array.from(values, (one, i) => {
          const cy = plot.y(one);
          if (!Number.isFinite(cy)) return '';
          // Spread evenly, and the same at every drawing.
          const cx = plot.x(g + 0.5 + (((i * GOLDEN) % 1) - 0.5) * 0.5);
          return element('circle', {
            cx,
            cy,
            r: values.length > 200 ? 1.5 : 3,
            fill,
            'fill-opacity': 0.6,
          });
        });
        const middle = plot.y(median(values));
        const bar = Number.isFinite(middle)
          ? element('line', {
              x1: plot.x(g + 0.18),
              y1: middle,
              x2: plot.x(g + 0.82),
              y2: middle,
              stroke: paint('ink'),
              'stroke-width': 2,
            })
          : '';
        return dots.join('') + bar;
      })
      .join(''),
  );
}

function median(values: ArrayLike<number>): number {
  const sorted = Array.from(values)
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  if (sorted.length === 0) return Number.NaN;
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
