import { ValueError } from '../core/errors.js';
import { type AxisOptions, makeAxis, shortNumber } from './axis.js';
import { frame, type LegendItem } from './frame.js';
import { element, type FigureOptions, label } from './svg.js';
import { paint, seriesPaint } from './theme.js';

/** One value for each category. */
export interface BarSeries {
  /** What the legend says. */
  name: string;
  /** As many as there are categories. */
  values: ArrayLike<number>;
  /** Half the length of an error bar for each value. */
  errors?: ArrayLike<number>;
  /** Both ends of the error bar for each value, such as the lowest and the highest measured; instead of `errors`. */
  ranges?: { readonly lower: ArrayLike<number>; readonly upper: ArrayLike<number> };
  /** Number of the colour, from 0; default the place in the list. */
  color?: number;
}

/** Options of `barChart`. */
export interface BarChartOptions extends FigureOptions {
  /** Names of the places along the axis. */
  categories: readonly string[];
  /** One bar of each in every category. */
  series: readonly BarSeries[];
  /** Direction of the bars; default `vertical`. Long names of categories read better `horizontal`. */
  direction?: 'vertical' | 'horizontal';
  /** What the values are. 0 is always on the axis, unless it is logarithmic. */
  value?: AxisOptions;
  /** What the categories are. */
  categoryLabel?: string;
  /** Whether each bar has its value at its end; default for horizontal bars of one series. */
  showValues?: boolean;
}

const BAND = 0.8;

/**
 * Bars from zero, grouped where there are several series.
 * @throws {ValueError} when a series has not one value for each category.
 */
export function barChart(options: BarChartOptions): string {
  const {
    categories,
    series,
    direction = 'vertical',
    value = {},
    categoryLabel,
    ...figure
  } = options;
  for (const one of series) checkSeries(one, categories.length);
  const horizontal = direction === 'horizontal';
  const showValues = options.showValues ?? (horizontal && series.length === 1);
  const all = series.flatMap((one) =>
    Array.from(one.values, (v, i) => [v, ...errorEnds(one, i)]).flat(),
  );
  const values = makeAxis(all, { zero: value.scale !== 'log', ...value });
  const bands = makeAxis([], {
    ...(categoryLabel !== undefined && { label: categoryLabel }),
    domain: [0, Math.max(1, categories.length)],
    ticks: categories.map((name, i) => ({ value: i + 0.5, label: name })),
  });
  const legend: LegendItem[] = series.map(({ name, color }, i) => ({
    name,
    sample: (x, y) =>
      element('rect', { x: x + 6, y, width: 12, height: 12, fill: seriesPaint(color ?? i) }),
  }));
  const write = (v: number) =>
    value.format === 'percent'
      ? `${shortNumber(Number((v * 100).toPrecision(3)))}%`
      : shortNumber(v);
  const height = options.height ?? (horizontal ? 90 + categories.length * 22 * series.length : 380);
  return frame(
    {
      ...figure,
      height,
      x: horizontal ? values : bands,
      y: horizontal ? bands : values,
      yDown: horizontal,
      grid: horizontal ? 'x' : 'y',
      right: showValues && horizontal ? 44 : 0,
      legend: series.length > 1 ? legend : [],
    },
    (plot) => {
      const along = horizontal ? plot.x : plot.y;
      const across = horizontal ? plot.y : plot.x;
      const zero = along(values.isLog ? values.domain[0] : Math.max(0, values.domain[0]));
      const thickness = (Math.abs(across(1) - across(0)) * BAND) / series.length;
      return series
        .map((one, s) =>
          Array.from(one.values, (v, c) => {
            const end = along(v);
            if (!Number.isFinite(end)) return '';
            const start = across(c + 0.5) - (BAND * Math.abs(across(1) - across(0))) / 2;
            const side = start + s * thickness;
            const fill = seriesPaint(one.color ?? s);
            const [low, high] = [Math.min(zero, end), Math.max(zero, end)];
            const width = thickness * 0.94;
            const bar = horizontal
              ? element('rect', { x: low, y: side, width: high - low, height: width, fill })
              : element('rect', { x: side, y: low, width, height: high - low, fill });
            const middle = side + width / 2;
            const ends = errorEnds(one, c).map(along);
            const error = errorBar(ends, middle, horizontal);
            if (!showValues) return bar + error;
            const text = write(v);
            // Beyond the error bar, so that neither crosses the other out.
            const words = horizontal
              ? label(text, Math.max(zero, end, ...ends) + 5, middle, { size: 11 })
              : label(text, middle, Math.min(zero, end, ...ends) - 8, {
                  size: 11,
                  anchor: 'middle',
                });
            return bar + error + words;
          }).join(''),
        )
        .join('');
    },
  );
}

function checkSeries({ name, values, errors, ranges }: BarSeries, categories: number): void {
  if (errors !== undefined && ranges !== undefined) {
    throw new ValueError(`series '${name}' has errors and ranges; give one of them`);
  }
  for (const list of [values, errors, ranges?.lower, ranges?.upper]) {
    if (list === undefined || list.length === categories) continue;
    throw new ValueError(
      `series '${name}' has ${list.length} values for ${categories} categories; it needs one for each`,
    );
  }
}

/** Both ends of the error bar of a value in units of the data; none where there is no error. */
function errorEnds({ values, errors, ranges }: BarSeries, at: number): number[] {
  const [low, high] =
    ranges === undefined
      ? [values[at] - (errors?.[at] ?? 0), values[at] + (errors?.[at] ?? 0)]
      : [ranges.lower[at], ranges.upper[at]];
  return Number.isFinite(low) && Number.isFinite(high) && low < high ? [low, high] : [];
}

/** A thin line between two places in pixels, with a short one across at both. */
function errorBar(ends: readonly number[], middle: number, horizontal: boolean): string {
  if (ends.length === 0) return '';
  const [a, b] = ends;
  const d = horizontal
    ? `M${a} ${middle}L${b} ${middle}M${a} ${middle - 3}L${a} ${middle + 3}M${b} ${middle - 3}L${b} ${middle + 3}`
    : `M${middle} ${a}L${middle} ${b}M${middle - 3} ${a}L${middle + 3} ${a}M${middle - 3} ${b}L${middle + 3} ${b}`;
  return element('path', { d, stroke: paint('ink'), 'stroke-width': 1.2, fill: 'none' });
}
