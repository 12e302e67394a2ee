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
  for (const { name, values, errors } of series) {
    if (
      values.length === categories.length &&
      (errors?.length ?? values.length) === values.length
    ) {
      continue;
    }
    throw new ValueError(
      `series '${name}' has ${values.length} values for ${categories.length} categories; it needs one for each`,
    );
  }
  const horizontal = direction === 'horizontal';
  const showValues = options.showValues ?? (horizontal && series.length === 1);
  const all = series.flatMap(({ values, errors }) =>
    Array.from(values, (v, i) => [v - (errors?.[i] ?? 0), v + (errors?.[i] ?? 0)]).flat(),
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
            const error = errorBar(v, one.errors?.[c], along, middle, horizontal);
            if (!showValues) return bar + error;
            const text = write(v);
            const words = horizontal
              ? label(text, Math.max(zero, end) + 5, middle, { size: 11 })
              : label(text, middle, Math.min(zero, end) - 8, { size: 11, anchor: 'middle' });
            return bar + error + words;
          }).join(''),
        )
        .join('');
    },
  );
}

function errorBar(
  value: number,
  error: number | undefined,
  along: (value: number) => number,
  middle: number,
  horizontal: boolean,
): string {
  if (error === undefined || !(error > 0)) return '';
  const [a, b] = [along(value - error), along(value + error)];
  const d = horizontal
    ? `M${a} ${middle}L${b} ${middle}M${a} ${middle - 3}L${a} ${middle + 3}M${b} ${middle - 3}L${b} ${middle + 3}`
    : `M${middle} ${a}L${middle} ${b}M${middle - 3} ${a}L${middle + 3} ${a}M${middle - 3} ${b}L${middle + 3} ${b}`;
  return element('path', { d, stroke: paint('ink'), 'stroke-width': 1.2, fill: 'none' });
}
