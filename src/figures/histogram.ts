import { ValueError } from '../core/errors.js';
import { type AxisOptions, makeAxis } from './axis.js';
import { frame, type LegendItem } from './frame.js';
import { element, type FigureOptions } from './svg.js';
import { seriesPaint } from './theme.js';

/** Values whose distribution is shown. */
export interface HistogramSeries {
  /** What the legend says. */
  name: string;
  /** In any order; what is no finite number is left out. */
  values: ArrayLike<number>;
  /** Number of the colour, from 0; default the place in the list. */
  color?: number;
}

/** Options of `histogram`. */
export interface HistogramOptions extends FigureOptions {
  /** Drawn over each other. */
  series: readonly HistogramSeries[];
  /** Number of bins of equal width; default 40. On a logarithmic axis they are equal in ratio. */
  bins?: number;
  /** What the values are. */
  x?: AxisOptions;
  /** What is counted; `density` makes the area of each series 1. */
  y?: AxisOptions & { density?: boolean };
}

/**
 * How often values occur, in bins over a common range; values outside a given domain are left out.
 * @throws {ValueError} for a number of bins that is none.
 */
export function histogram(options: HistogramOptions): string {
  const { series, bins = 40, ...figure } = options;
  if (!Number.isInteger(bins) || bins < 1 || bins > 10_000) {
    throw new ValueError(`bins must be an integer from 1 to 10000, got ${bins}`);
  }
  const x = makeAxis(
    series.flatMap(({ values }) => Array.from(values)),
    options.x ?? {},
    true,
  );
  const place = x.place([0, bins]);
  const edges = Array.from({ length: bins + 1 }, (_, i) => edge(x.domain, i / bins, x.isLog));
  const { density = false, ...yOptions } = options.y ?? {};
  const counts = series.map(({ values }) => {
    const heights = new Array<number>(bins).fill(0);
    let total = 0;
    for (let i = 0; i < values.length; i++) {
      const at = place(values[i]);
      if (!(at >= 0 && at <= bins)) continue;
      heights[Math.min(bins - 1, Math.floor(at))]++;
      total++;
    }
    if (!density) return heights;
    return heights.map((count, i) => count / (total * (edges[i + 1] - edges[i]) || 1));
  });
  const y = makeAxis(counts.flat(), {
    label: density ? 'density' : 'count',
    zero: yOptions.scale !== 'log',
    ...yOptions,
  });
  const opacity = series.length > 1 ? 0.45 : 0.85;
  const legend: LegendItem[] = series.map(({ name, color }, i) => ({
    name,
    sample: (left, top) =>
      element('rect', {
        x: left + 6,
        y: top,
        width: 12,
        height: 12,
        fill: seriesPaint(color ?? i),
        'fill-opacity': opacity,
      }),
  }));
  return frame({ ...figure, x, y, legend: series.length > 1 ? legend : [] }, (plot) => {
    const bottom = plot.box.y + plot.box.height;
    return counts
      .map((heights, s) => {
        const fill = seriesPaint(series[s].color ?? s);
        return heights
          .map((height, i) => {
            const top = plot.y(height);
            if (height <= 0 || !Number.isFinite(top)) return '';
            const left = plot.x(edges[i]);
            const width = Math.max(0.5, plot.x(edges[i + 1]) - left - (bins > 60 ? 0 : 0.5));
            return element('rect', {
              x: left,
              y: top,
              width,
              height: bottom - top,
              fill,
              'fill-opacity': opacity,
            });
          })
          .join('');
      })
      .join('');
  });
}

function edge([low, high]: readonly [number, number], share: number, isLog: boolean): number {
  return isLog ? low * (high / low) ** share : low + (high - low) * share;
}
