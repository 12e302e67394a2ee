import { element, label } from '../figures/svg.js';
import { escapeXml, textWidth } from '../figures/text.js';
import { type FigureColor, paint } from '../figures/theme.js';
import type { DrawnNode } from './drawn-graph.js';

const TITLE = 12;
const TEXT = 10.5;
const LINE = 14;
const PAD_X = 12;
const PAD_Y = 6;

const colors: Readonly<Record<DrawnNode['kind'], FigureColor>> = {
  input: 'series-7',
  convolution: 'series-0',
  dense: 'series-3',
  normalization: 'series-6',
  activation: 'series-1',
  pooling: 'series-2',
  merge: 'series-4',
  block: 'series-0',
  other: 'series-7',
};

/** Pixels that a box needs for its text. */
export function boxSize(node: DrawnNode): { width: number; height: number } {
  const widths = [
    textWidth(node.title, TITLE, true),
    ...node.lines.map((line) => textWidth(line, TEXT)),
  ];
  return {
    width: Math.ceil(Math.max(36, ...widths) + 2 * PAD_X),
    height: Math.ceil(2 * PAD_Y + LINE * (1 + node.lines.length) + 2),
  };
}

/** A box with its text, about a middle point. */
export function drawBox(
  node: DrawnNode,
  x: number,
  y: number,
  size: { width: number; height: number },
): string {
  const color = paint(colors[node.kind]);
  const [left, top] = [x - size.width / 2, y - size.height / 2];
  const outline = {
    x: left,
    y: top,
    width: size.width,
    height: size.height,
    rx: node.kind === 'block' ? 4 : 7,
    stroke: color,
    'stroke-width': node.kind === 'block' ? 1.8 : 1.2,
  };
  const parts = [
    `<title>${escapeXml(node.tooltip)}</title>`,
    element('rect', { ...outline, fill: paint('surface') }),
    element('rect', { ...outline, fill: color, 'fill-opacity': 0.12 }),
  ];
  [node.title, ...node.lines].forEach((line, i) => {
    const at = top + PAD_Y + LINE * (i + 0.5) + 1;
    const style = i === 0 ? { size: TITLE, bold: true } : { size: TEXT, fill: paint('muted') };
    parts.push(label(line, x, at, { ...style, anchor: 'middle' }));
  });
  return element('g', {}, parts.join(''));
}

/** The head of an arrow that ends at a point, coming from a direction. */
export function arrowHead(x: number, y: number, dx: number, dy: number): string {
  const length = Math.hypot(dx, dy) || 1;
  const [ux, uy] = [dx / length, dy / length];
  const point = (along: number, across: number) =>
    `${(x - ux * along - uy * across).toFixed(1)},${(y - uy * along + ux * across).toFixed(1)}`;
  return element('polygon', {
    points: `${point(0, 0)} ${point(7, 3.2)} ${point(7, -3.2)}`,
    fill: paint('muted'),
  });
}
