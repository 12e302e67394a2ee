import type { Axis } from './axis.js';
import { type ColorScaleName, scaleColor } from './color-scale.js';
import { type Box, element, label } from './svg.js';
import { fitText, textWidth } from './text.js';
import { paint } from './theme.js';

const BAR_WIDTH = 12;
const GAP = 14;
const SIZE = 11;
const STEPS = 64;

/** Pixels that a colour bar takes on the right of a plot, its label included. */
export function colorBarWidth(axis: Axis): number {
  const ticks = axis.ticks(6).map((tick) => textWidth(tick.label, SIZE));
  const title = axis.options.label === undefined ? 0 : SIZE + 8;
  return GAP + BAR_WIDTH + 5 + Math.max(0, ...ticks) + title;
}

/** What the colours of a plot stand for, as a bar with numbers on the right of its box. */
export function colorBar(axis: Axis, scale: ColorScaleName, box: Box): string {
  const x = box.x + box.width + GAP;
  const bottom = box.y + box.height;
  const place = axis.place([bottom, box.y]);
  const parts: string[] = [];
  const step = box.height / STEPS;
  for (let i = 0; i < STEPS; i++) {
    const { fill, opacity } = scaleColor(scale, (i + 0.5) / STEPS);
    const y = bottom - (i + 1) * step;
    // A little taller than a step, so that no seams show; translucent ones would add up.
    const height = opacity === 1 && i > 0 ? step + 0.5 : step;
    parts.push(
      element('rect', {
        x,
        y,
        width: BAR_WIDTH,
        height,
        fill,
        'fill-opacity': opacity === 1 ? undefined : opacity,
        'shape-rendering': 'crispEdges',
      }),
    );
  }
  const outline = { x, y: box.y, width: BAR_WIDTH, height: box.height };
  parts.push(
    element('rect', { ...outline, fill: 'none', stroke: paint('muted'), 'stroke-width': 0.5 }),
  );
  const count = Math.max(2, Math.min(6, Math.round(box.height / 40)));
  let widest = 0;
  for (const tick of axis.ticks(count)) {
    widest = Math.max(widest, textWidth(tick.label, SIZE));
    parts.push(
      label(tick.label, x + BAR_WIDTH + 5, place(tick.value), { size: SIZE, fill: paint('muted') }),
    );
  }
  const title = axis.options.label;
  if (title !== undefined) {
    const text = fitText(title, SIZE, Math.max(box.height, 60));
    const style = { size: SIZE, anchor: 'middle', rotate: 90, fill: paint('ink') } as const;
    parts.push(
      label(text, x + BAR_WIDTH + 5 + widest + 6 + SIZE / 2, box.y + box.height / 2, style),
    );
  }
  return parts.join('');
}
