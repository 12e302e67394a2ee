import { type EdgeLabel, Graph, type GraphLabel, layout, type NodeLabel } from '@dagrejs/dagre';
import { ValueError } from '../core/errors.js';
import { heading } from '../figures/frame.js';
import { decimal, element, type FigureOptions, svgDocument } from '../figures/svg.js';
import { paint } from '../figures/theme.js';
import { arrowHead, boxSize, drawBox } from './draw-boxes.js';
import { asChain, type DrawnGraph, type DrawnNode } from './drawn-graph.js';

/** Direction from inputs to outputs: top to bottom, left to right, and their opposites. */
export type RankDirection = 'TB' | 'BT' | 'LR' | 'RL';

const MARGIN = 16;
const GAP = 20;
const COLUMN_GAP = 56;
const TALLEST_COLUMN = 1100;
const MOST_BOXES = 1500;
const NARROWEST = 280;

/**
 * Draws boxes and lines: a chain in columns, anything else in layers.
 * @throws {ValueError} for more boxes than anybody could read.
 */
export function drawGraph(
  graph: DrawnGraph,
  rankdir: RankDirection,
  options: FigureOptions = {},
): string {
  if (graph.nodes.length > MOST_BOXES) {
    throw new ValueError(
      `a drawing of ${graph.nodes.length} boxes cannot be read; fold its blocks, at most ${MOST_BOXES} boxes are drawn`,
    );
  }
  const chain = rankdir === 'TB' ? asChain(graph) : undefined;
  const { content, width, height } = chain === undefined ? layered(graph, rankdir) : columns(chain);
  const total = Math.max(NARROWEST, width + 2 * MARGIN);
  const head = heading(options, MARGIN, total - 2 * MARGIN);
  const left = (total - width) / 2;
  const top = Math.max(MARGIN, head.height + 6);
  const moved = element('g', { transform: `translate(${decimal(left)} ${decimal(top)})` }, content);
  return svgDocument({ width: total, height: top + height + MARGIN }, options, head.svg + moved);
}

interface Drawn {
  content: string;
  width: number;
  height: number;
}

const stroke = (dashed = false) => ({
  fill: 'none',
  stroke: paint('muted'),
  'stroke-width': 1.3,
  'stroke-dasharray': dashed ? '5 3' : undefined,
});

/** One below the other; a chain that is taller than a page goes on in a further column. */
function columns(chain: readonly DrawnNode[]): Drawn {
  const sizes = chain.map(boxSize);
  const total = sizes.reduce((sum, { height }) => sum + height + GAP, -GAP);
  const count = Math.max(1, Math.ceil(total / TALLEST_COLUMN));
  const limit = total / count + Math.max(...sizes.map(({ height }) => height)) / 2;
  const places: { column: number; y: number }[] = [];
  let [column, y] = [0, 0];
  const widths: number[] = [0];
  sizes.forEach(({ width, height }) => {
    if (y > 0 && y + height > limit && column < count - 1) {
      column++;
      y = 0;
      widths.push(0);
    }
    widths[column] = Math.max(widths[column], width);
    places.push({ column, y: y + height / 2 });
    y += height + GAP;
  });
  const lefts = widths.map((_, i) =>
    widths.slice(0, i).reduce((sum, width) => sum + width + COLUMN_GAP, 0),
  );
  const middle = (i: number) => lefts[places[i].column] + widths[places[i].column] / 2;
  const parts: string[] = [];
  for (let i = 1; i < chain.length; i++) {
    const [x1, x2] = [middle(i - 1), middle(i)];
    const bottom = places[i - 1].y + sizes[i - 1].height / 2;
    const top = places[i].y - sizes[i].height / 2;
    if (places[i].column === places[i - 1].column) {
      parts.push(
        element('path', {
          d: `M${decimal(x1)} ${decimal(bottom)}V${decimal(top - 3)}`,
          ...stroke(),
        }),
      );
    } else {
      const between = lefts[places[i].column] - COLUMN_GAP / 2;
      const d = `M${decimal(x1)} ${decimal(bottom)}v10H${decimal(between)}V-14H${decimal(x2)}V-3`;
      parts.push(element('path', { d, ...stroke(), 'stroke-linejoin': 'round' }));
    }
    parts.push(arrowHead(x2, top, 0, 1));
  }
  chain.forEach((node, i) => {
    const width = widths[places[i].column];
    // Boxes of one column are equally wide, but for small ones.
    const box = { ...sizes[i], width: node.kind === 'block' ? width : sizes[i].width };
    parts.push(drawBox(node, middle(i), places[i].y, box));
  });
  const height =
    Math.max(...places.map((place, i) => place.y + sizes[i].height / 2)) + (count > 1 ? 12 : 0);
  const last = lefts.length - 1;
  const content = element('g', { transform: `translate(0 ${count > 1 ? 16 : 0})` }, parts.join(''));
  return { content, width: lefts[last] + widths[last], height: height + (count > 1 ? 16 : 0) };
}

/** Sugiyama's layered layout, by dagre. */
function layered({ nodes, edges }: DrawnGraph, rankdir: RankDirection): Drawn {
  const graph = new Graph<GraphLabel, NodeLabel, EdgeLabel>();
  graph.setGraph({ rankdir, nodesep: 26, ranksep: 26, edgesep: 14 });
  const sizes = new Map(nodes.map((node) => [node.id, boxSize(node)]));
  for (const [id, size] of sizes) graph.setNode(id, { ...size });
  for (const { from, to, isShortcut } of edges) {
    // A heavy branch is drawn straight; the shortcut goes around it.
    graph.setEdge(from, to, { weight: isShortcut ? 1 : 4 });
  }
  layout(graph);
  const parts: string[] = [];
  for (const { from, to, isShortcut } of edges) {
    const points = graph.edge(from, to).points ?? [];
    if (points.length < 2) continue;
    const [end, before] = [points[points.length - 1], points[points.length - 2]];
    parts.push(
      element('path', {
        d: smooth(points),
        ...stroke(),
        ...(isShortcut && { stroke: paint('series-1'), 'stroke-width': 1.8 }),
      }),
      arrowHead(end.x, end.y, end.x - before.x, end.y - before.y),
    );
  }
  for (const node of nodes) {
    const { x = 0, y = 0 } = graph.node(node.id);
    parts.push(drawBox(node, x, y, sizes.get(node.id) ?? boxSize(node)));
  }
  const { width = 0, height = 0 } = graph.graph() ?? {};
  return { content: parts.join(''), width, height };
}

/** A curve through the middles of the pieces, so that bends are round. */
function smooth(points: readonly { x: number; y: number }[]): string {
  const at = ({ x, y }: { x: number; y: number }) => `${decimal(x)} ${decimal(y)}`;
  if (points.length === 2) return `M${at(points[0])}L${at(points[1])}`;
  const parts = [`M${at(points[0])}`];
  for (let i = 1; i < points.length - 1; i++) {
    const [here, next] = [points[i], points[i + 1]];
    const isLast = i === points.length - 2;
    const target = isLast ? next : { x: (here.x + next.x) / 2, y: (here.y + next.y) / 2 };
    parts.push(`Q${at(here)} ${at(target)}`);
  }
  return parts.join('');
}
