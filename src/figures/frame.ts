import type { Axis, Tick } from './axis.js';
import { type Box, decimal, element, type FigureOptions, label, svgDocument } from './svg.js';
import { fitText, textWidth, wrapText } from './text.js';
import { paint } from './theme.js';

/** A row of the legend: a sample and what it stands for. */
export interface LegendItem {
  name: string;
  /** Draws the sample into a box of 24 × 12 pixels whose top left is here. */
  sample(x: number, y: number): string;
}

/** What a chart has around its plot. */
export interface FrameOptions extends FigureOptions {
  x: Axis;
  y: Axis;
  legend?: readonly LegendItem[];
  /** Where grid lines are drawn; default `both`. */
  grid?: 'both' | 'x' | 'y' | 'none';
  /** Pixels kept free on the right, for a colour bar. */
  right?: number;
  /** Whether the y axis counts downwards, as rows of a table do. */
  yDown?: boolean;
  /** Width of the plot divided by its height, where that is fixed. */
  aspect?: number;
}

/** The plot of a chart, ready for drawing. */
export interface Plot {
  box: Box;
  x(value: number): number;
  y(value: number): number;
}

/** Sizes of text in figures, in pixels. */
export const TEXT_SIZES = { title: 15, subtitle: 12, label: 12, tick: 11 } as const;

const MARGIN = 12;
const TICK_GAP = 6;
const LEGEND_ROW = 20;
const SAMPLE_WIDTH = 24;
const LINE_HEIGHT = 1.25;
/** Degrees by which long labels below the plot are turned. */
const ROTATION = 40;
const LONGEST_TURNED = 160;
const SMALLEST_PLOT = 40;

/** Title and subtitle from the top of a figure; `height` is what they take. */
export function heading(
  options: FigureOptions,
  x: number,
  width: number,
): { svg: string; height: number } {
  const parts: string[] = [];
  let y = MARGIN;
  const lines = (text: string | undefined, size: number, bold: boolean, fill: string) => {
    if (text === undefined || text === '') return;
    for (const line of wrapText(text, size, width, bold)) {
      parts.push(label(line, x, y + size / 2, { size, bold, fill }));
      y += size * LINE_HEIGHT;
    }
    y += 4;
  };
  lines(options.title, TEXT_SIZES.title, true, paint('ink'));
  lines(options.subtitle, TEXT_SIZES.subtitle, false, paint('muted'));
  return { svg: parts.join(''), height: y };
}

/** The legend in rows of a width; it stands above the plot, so that it never covers data. */
function drawLegend(
  items: readonly LegendItem[],
  left: number,
  top: number,
  width: number,
): { svg: string; height: number } {
  const size = TEXT_SIZES.tick;
  const widest = Math.max(0, width - SAMPLE_WIDTH - 6);
  let [x, y] = [left, top];
  const parts = items.map((item) => {
    const name = fitText(item.name, size, widest);
    const itemWidth = SAMPLE_WIDTH + 6 + textWidth(name, size) + 16;
    if (x > left && x + itemWidth - 16 > left + width) {
      x = left;
      y += LEGEND_ROW;
    }
    const drawn =
      item.sample(x, y + LEGEND_ROW / 2 - 6) +
      label(name, x + SAMPLE_WIDTH + 6, y + LEGEND_ROW / 2, { size });
    x += itemWidth;
    return drawn;
  });
  return { svg: parts.join(''), height: items.length === 0 ? 0 : y - top + LEGEND_ROW + 4 };
}

/** Which labels fit beside each other: all, or every second, third and so on. */
function thinOut(ticks: readonly Tick[], place: (value: number) => number): Tick[] {
  const labelled = ticks.filter((tick) => tick.label !== '');
  const size = TEXT_SIZES.tick;
  const collide = (step: number) => {
    let end = Number.NEGATIVE_INFINITY;
    return labelled.some((tick, i) => {
      if (i % step !== 0) return false;
      const half = textWidth(tick.label, size) / 2;
      const at = place(tick.value);
      const hit = at - half < end + 8;
      end = at + half;
      return hit;
    });
  };
  let step = 1;
  while (step < labelled.length && collide(step)) step++;
  const kept = new Set(labelled.filter((_, i) => i % step === 0));
  return ticks.map((tick) => (kept.has(tick) ? tick : { ...tick, label: '' }));
}

interface XLabels {
  ticks: readonly Tick[];
  rotated: boolean;
  /** Pixels below the plot. */
  height: number;
}

/** Names of categories are turned where they do not fit beside each other; numbers are thinned out. */
function layOutX(axis: Axis, left: number, right: number): XLabels {
  const size = TEXT_SIZES.tick;
  const place = axis.place([left, right]);
  const ticks = axis.ticks(Math.max(2, Math.round((right - left) / 80)));
  const thinned = thinOut(ticks, place);
  const level = { ticks: thinned, rotated: false, height: size + TICK_GAP + 2 };
  if (axis.options.ticks === undefined || ticks.length === 0) return level;
  const allFit = thinned.every(({ label: text }, i) => text === ticks[i].label);
  const gap = ticks.length < 2 ? right - left : place(ticks[1].value) - place(ticks[0].value);
  if (allFit && ticks.every((tick) => textWidth(tick.label, size) <= gap)) return level;
  if (ticks.length === 1 || gap < size * 1.3) {
    const short = thinned.map((tick) => ({ ...tick, label: fitText(tick.label, size, gap) }));
    return { ...level, ticks: short };
  }
  const angle = (ROTATION * Math.PI) / 180;
  const turned = ticks.map((tick) => {
    const room = (place(tick.value) - 4) / Math.cos(angle);
    return { ...tick, label: fitText(tick.label, size, Math.min(LONGEST_TURNED, room)) };
  });
  const widest = Math.max(...turned.map((tick) => textWidth(tick.label, size)));
  return { ticks: turned, rotated: true, height: widest * Math.sin(angle) + size + TICK_GAP };
}

/** A chart: heading, legend, axes with labels, and what `draw` puts into the plot. */
export function frame(options: FrameOptions, draw: (plot: Plot) => string): string {
  const { width = 640, legend = [], right = 0, grid = 'both', yDown = false, aspect } = options;
  const height = options.height ?? 400;
  const inner = width - 2 * MARGIN;
  const head = heading(options, MARGIN, inner);
  const legendPart = drawLegend(legend, MARGIN, head.height, inner);
  const top = head.height + legendPart.height + (head.height > MARGIN || legend.length > 0 ? 4 : 0);
  const tickSize = TEXT_SIZES.tick;

  const roughHeight = Math.max(SMALLEST_PLOT, height - top - 60);
  const yTicks = options.y.ticks(Math.max(2, Math.round(roughHeight / 45)));
  const yLabelRoom = options.y.options.label === undefined ? 0 : TEXT_SIZES.label + 8;
  const yTickLimit = width * 0.35;
  const yTexts = yTicks.map((tick) => fitText(tick.label, tickSize, yTickLimit));
  const yTickRoom = Math.max(0, ...yTexts.map((text) => textWidth(text, tickSize)));
  const left = MARGIN + yLabelRoom + yTickRoom + TICK_GAP;
  const rightEdge = Math.max(left + SMALLEST_PLOT, width - MARGIN - 6 - right);

  const xLabels = layOutX(options.x, left, rightEdge);
  const xLabelRoom = options.x.options.label === undefined ? 0 : TEXT_SIZES.label + 8;
  const below = xLabels.height + xLabelRoom + MARGIN;
  const plotWidth = rightEdge - left;
  const fixed = aspect === undefined ? undefined : plotWidth / aspect;
  const bottom = fixed === undefined ? Math.max(top + SMALLEST_PLOT, height - below) : top + fixed;
  const box: Box = { x: left, y: top, width: plotWidth, height: bottom - top };

  const x = options.x.place([left, rightEdge]);
  const y = options.y.place(yDown ? [top, bottom] : [bottom, top]);
  const parts = [head.svg, legendPart.svg];
  const line = (x1: number, y1: number, x2: number, y2: number, stroke: string) =>
    element('line', { x1, y1, x2, y2, stroke, 'stroke-width': 1 });

  if (grid === 'both' || grid === 'y') {
    for (const tick of yTicks)
      parts.push(line(left, y(tick.value), rightEdge, y(tick.value), paint('grid')));
  }
  if (grid === 'both' || grid === 'x') {
    for (const tick of xLabels.ticks)
      parts.push(line(x(tick.value), top, x(tick.value), bottom, paint('grid')));
  }
  parts.push(draw({ box, x, y }));
  parts.push(line(left, bottom, rightEdge, bottom, paint('muted')));
  parts.push(line(left, top, left, bottom, paint('muted')));
  const isDense =
    yTicks.length > 1 && Math.abs(y(yTicks[1].value) - y(yTicks[0].value)) < tickSize * 1.1;
  const every = isDense
    ? Math.ceil((tickSize * 1.1) / Math.abs(y(yTicks[1].value) - y(yTicks[0].value)))
    : 1;
  yTexts.forEach((text, i) => {
    if (text === '' || i % every !== 0) return;
    parts.push(
      label(text, left - TICK_GAP, y(yTicks[i].value), {
        size: tickSize,
        anchor: 'end',
        fill: paint('muted'),
      }),
    );
  });
  for (const tick of xLabels.ticks) {
    if (tick.label === '') continue;
    const at = x(tick.value);
    const style = { size: tickSize, fill: paint('muted') };
    parts.push(
      xLabels.rotated
        ? label(tick.label, at, bottom + TICK_GAP + 4, {
            ...style,
            anchor: 'end',
            rotate: -ROTATION,
          })
        : label(tick.label, at, bottom + TICK_GAP + tickSize / 2, { ...style, anchor: 'middle' }),
    );
  }
  const xTitle = options.x.options.label;
  if (xTitle !== undefined) {
    const text = fitText(xTitle, TEXT_SIZES.label, width - 2 * MARGIN);
    // Centred under the plot, but never beyond the edges of the figure.
    const half = textWidth(text, TEXT_SIZES.label) / 2;
    const middle = Math.min(width - MARGIN - half, Math.max(MARGIN + half, left + plotWidth / 2));
    const at = bottom + xLabels.height + 4 + TEXT_SIZES.label / 2;
    parts.push(label(text, middle, at, { size: TEXT_SIZES.label, anchor: 'middle' }));
  }
  const yTitle = options.y.options.label;
  if (yTitle !== undefined) {
    const text = fitText(yTitle, TEXT_SIZES.label, bottom - top + below - MARGIN);
    const half = textWidth(text, TEXT_SIZES.label) / 2;
    const middle = Math.max(top + half, (top + bottom) / 2);
    const centre = half > (bottom - top) / 2 ? middle : (top + bottom) / 2;
    parts.push(
      label(text, MARGIN + TEXT_SIZES.label / 2, centre, {
        size: TEXT_SIZES.label,
        anchor: 'middle',
        rotate: -90,
      }),
    );
  }
  const size = {
    width,
    height: fixed === undefined ? Math.max(height, bottom + below) : bottom + below,
  };
  return svgDocument(size, options, parts.join(''));
}

/** The `d` of a path through points in pixels; a point that is no number interrupts it. */
export function pathThrough(points: Iterable<readonly [number, number]>): string {
  const parts: string[] = [];
  let pen = 'M';
  for (const [x, y] of points) {
    if (!Number.isFinite(x) || !Number.isFinite(y)) {
      pen = 'M';
      continue;
    }
    parts.push(`${pen}${decimal(x)} ${decimal(y)}`);
    pen = 'L';
  }
  return parts.join('');
}
