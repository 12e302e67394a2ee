import { ValueError } from '../core/errors.js';
import { type AxisOptions, makeAxis } from './axis.js';
import { frame, type LegendItem, type Plot, pathThrough } from './frame.js';
import { clipped, element, type FigureOptions, label } from './svg.js';
import { fitText, textWidth } from './text.js';
import { paint, seriesPaint } from './theme.js';

/** One line of a chart. */
export interface LineSeries {
  /** What the legend says. */
  name: string;
  /** Places from left to right. */
  x: ArrayLike<number>;
  /** Values, as many as places. What is no finite number (or ≤ 0 on a logarithmic axis) is a gap. */
  y: ArrayLike<number>;
  /** Spread around the line, drawn as a band: two values for each place. */
  band?: { lower: ArrayLike<number>; upper: ArrayLike<number> };
  /** Number of the colour, from 0; default the place in the list. Pairs of train and test share one. */
  color?: number;
  /** Default `normal`. As in He et al. (2015), Fig. 1: `thin` for training, `bold` for test. */
  weight?: 'thin' | 'normal' | 'bold';
  /** Default `solid`. */
  dash?: 'solid' | 'dashed' | 'dotted';
  /** Whether each value has a dot; by default lines of at most 12 values have. */
  markers?: boolean;
}

/** A line across the chart, such as chance level or a change of the learning rate. */
export interface ReferenceLine {
  /** Which axis the value is on: `y` gives a horizontal line. */
  axis: 'x' | 'y';
  /** Where, in units of the data. */
  value: number;
  /** Words at its end. */
  label?: string;
}

/** Options of `lineChart`. */
export interface LineChartOptions extends FigureOptions {
  /** Later ones are drawn over earlier ones. */
  series: readonly LineSeries[];
  /** The axis from left to right. */
  x?: AxisOptions;
  /** The axis upwards. */
  y?: AxisOptions;
  /** Lines across. */
  references?: readonly ReferenceLine[];
  /** Whether a legend is shown; by default where there are several series. */
  legend?: boolean;
}

const STROKES = { thin: 1.2, normal: 2, bold: 3 } as const;
const DASHES = { solid: undefined, dashed: '7 4', dotted: '2 3' } as const;
const FEW_VALUES = 12;

/**
 * Lines over a common x axis, with bands of spread, on linear or logarithmic axes.
 * @throws {ValueError} when the arrays of a series differ in length, or a domain is none.
 */
export function lineChart(options: LineChartOptions): string {
  const { series, references = [], legend = series.length > 1, ...figure } = options;
  for (const one of series) checkSeries(one);
  const xs = series.flatMap(({ x }) => Array.from(x));
  const ys = series.flatMap(({ y, band }) => [
    ...Array.from(y),
    ...(band === undefined ? [] : [...Array.from(band.lower), ...Array.from(band.upper)]),
  ]);
  for (const { axis, value } of references) (axis === 'x' ? xs : ys).push(value);
  const xAxis = makeAxis(xs, options.x ?? {}, true);
  const yAxis = makeAxis(ys, options.y ?? {});
  const items = legend ? series.map(legendItem) : [];
  return frame({ ...figure, x: xAxis, y: yAxis, legend: items }, (plot) => {
    const bands = series.map((one, i) => drawBand(one, i, plot)).join('');
    const lines = series.map((one, i) => drawLine(one, i, plot)).join('');
    const { box } = plot;
    // Strokes and dots at the edge of the plot stay whole.
    const room = { x: box.x - 4, y: box.y - 4, width: box.width + 8, height: box.height + 8 };
    return drawReferences(references, plot) + clipped(room, bands + lines);
  });
}

function checkSeries({ name, x, y, band }: LineSeries): void {
  const lengths = [y.length, ...(band ? [band.lower.length, band.upper.length] : [])];
  if (lengths.every((length) => length === x.length)) return;
  throw new ValueError(
    `series '${name}' has ${x.length} places on x, but ${lengths.join(' and ')} values; it needs as many values as places`,
  );
}

function colorOf({ color }: LineSeries, index: number): string {
  return seriesPaint(color ?? index);
}

function legendItem(series: LineSeries, index: number): LegendItem {
  const { weight = 'normal', dash = 'solid' } = series;
  return {
    name: series.name,
    sample: (x, y) =>
      element('line', {
        x1: x,
        y1: y + 6,
        x2: x + 24,
        y2: y + 6,
        stroke: colorOf(series, index),
        'stroke-width': STROKES[weight],
        'stroke-dasharray': DASHES[dash],
      }),
  };
}

function points(x: ArrayLike<number>, y: ArrayLike<number>, plot: Plot): [number, number][] {
  return Array.from(x, (value, i) => [plot.x(value), plot.y(y[i])]);
}

function drawBand(series: LineSeries, index: number, plot: Plot): string {
  if (series.band === undefined) return '';
  const { lower, upper } = series.band;
  const isPoint = ([x, y]: [number, number]) => Number.isFinite(x) && Number.isFinite(y);
  const there = points(series.x, upper, plot);
  const back = points(series.x, lower, plot);
  const kept = there.map((point, i) => isPoint(point) && isPoint(back[i]));
  const outline = [...there.filter((_, i) => kept[i]), ...back.filter((_, i) => kept[i]).reverse()];
  if (outline.length < 4) return '';
  const d = `${pathThrough(outline)}Z`;
  return element('path', { d, fill: colorOf(series, index), 'fill-opacity': 0.18, stroke: 'none' });
}

function drawLine(series: LineSeries, index: number, plot: Plot): string {
  const { weight = 'normal', dash = 'solid', markers = series.x.length <= FEW_VALUES } = series;
  const stroke = colorOf(series, index);
  const places = points(series.x, series.y, plot);
  const line = element('path', {
    d: pathThrough(places),
    fill: 'none',
    stroke,
    'stroke-width': STROKES[weight],
    'stroke-dasharray': DASHES[dash],
    'stroke-linejoin': 'round',
  });
  if (!markers) return line;
  const r = STROKES[weight] + 1;
  const dots = places.map(([cx, cy]) =>
    Number.isFinite(cx) && Number.isFinite(cy)
      ? element('circle', { cx, cy, r, fill: stroke })
      : '',
  );
  return line + dots.join('');
}

function drawReferences(references: readonly ReferenceLine[], plot: Plot): string {
  const { box } = plot;
  return references
    .map(({ axis, value, label: text }) => {
      const at = axis === 'x' ? plot.x(value) : plot.y(value);
      if (!Number.isFinite(at)) return '';
      const ends =
        axis === 'x'
          ? { x1: at, y1: box.y, x2: at, y2: box.y + box.height }
          : { x1: box.x, y1: at, x2: box.x + box.width, y2: at };
      const line = element('line', {
        ...ends,
        stroke: paint('muted'),
        'stroke-width': 1,
        'stroke-dasharray': '4 4',
      });
      if (text === undefined) return line;
      const style = { size: 11, fill: paint('muted') };
      const right = box.x + box.width;
      if (axis === 'y') {
        const short = fitText(text, 11, box.width - 8);
        return line + label(short, right - 4, at - 8, { ...style, anchor: 'end' });
      }
      const onRight = right - at >= textWidth(text, 11) + 4 || right - at > at - box.x;
      const room = (onRight ? right - at : at - box.x) - 4;
      const words = label(fitText(text, 11, room), at + (onRight ? 4 : -4), box.y + 8, {
        ...style,
        anchor: onRight ? 'start' : 'end',
      });
      return line + words;
    })
    .join('');
}
