import { heading } from '../figures/frame.js';
import { decimal, element, type FigureOptions, label, svgDocument } from '../figures/svg.js';
import { escapeXml, fitText, textWidth } from '../figures/text.js';
import { paint, seriesPaint } from '../figures/theme.js';
import { arrowHead } from './draw-boxes.js';
import { grouped } from './drawn-graph.js';
import type { MainPath, PathStep } from './main-path.js';
import { shapeText } from './model-graph.js';

/** A network beside others. */
export interface ComparedPath {
  readonly name: string;
  readonly path: MainPath;
  readonly params: number;
}

const BOX = 21;
const GAP = 11;
const TEXT = 11;
const SMALL = 9.5;
const CIRCLE = 7;
const SIZE_ROOM = 62;
/** Radius of the arcs' corners. */
const ARC = 16;
const MARGIN = 16;
const COLUMN_GAP = 34;
/** Colours of stages, the neighbours as different as can be. */
const STAGE_COLORS = [6, 2, 1, 0, 3, 4, 5];

function titleOf({ main, members }: PathStep): string {
  return main?.phrase ?? members.map(({ phrase }) => phrase).join(', ');
}

function isSum({ main }: PathStep): boolean {
  return main?.className === 'Add';
}

/** Height and width of the feature maps, for the margin; nothing after they are gone. */
function mapSize({ main, members }: PathStep): string {
  const shape = (main ?? members[members.length - 1]).outputShape;
  return shape.length === 3 ? `${shape[0]}×${shape[1]}` : '';
}

/** Channels of the convolution that tells a step's stage: in a bottleneck, the one between the 1×1 ones. */
function stageChannels(steps: readonly PathStep[], at: number): number | undefined {
  const isWide = ({ main }: PathStep) =>
    main?.kind === 'convolution' && !main.phrase.startsWith('1×1');
  const rest = steps.slice(at);
  const sum = rest.findIndex(isSum);
  const wide = rest.slice(0, sum < 0 ? 1 : sum).find(isWide);
  return wide?.main?.outputShape.at(-1);
}

/** The colour of each step: convolutions of one stage share one. */
function stepColors(steps: readonly PathStep[]): string[] {
  let [stage, channels] = [-1, -1];
  return steps.map(({ main }, i) => {
    if (main?.kind !== 'convolution') return seriesPaint(main?.kind === 'dense' ? 4 : 7);
    const own = stageChannels(steps, i) ?? channels;
    if (own !== channels || stage < 0) stage++;
    channels = own;
    return seriesPaint(STAGE_COLORS[stage % STAGE_COLORS.length]);
  });
}

interface Column {
  svg: string;
  width: number;
  height: number;
}

function drawColumn({ name, path, params }: ComparedPath): Column {
  const { steps, shortcuts } = path;
  const widest = Math.max(
    90,
    ...steps.filter((step) => !isSum(step)).map((step) => textWidth(titleOf(step), TEXT)),
  );
  const boxWidth = Math.min(230, widest) + 20;
  const phrases = shortcuts.map(({ phrase }) => textWidth(phrase, SMALL));
  const arcRoom = shortcuts.length === 0 ? 6 : ARC + 9 + Math.max(0, ...phrases);
  const width = SIZE_ROOM + boxWidth + arcRoom;
  const x = SIZE_ROOM + boxWidth / 2;
  const colors = stepColors(steps);
  const layers = steps.filter(
    ({ main }) => main?.kind === 'convolution' || main?.kind === 'dense',
  ).length;
  const parts = [
    label(fitText(name, 14, width, true), x, 8, { size: 14, bold: true, anchor: 'middle' }),
    label(`${layers} layers, ${grouped(params)} params`, x, 26, {
      size: SMALL,
      anchor: 'middle',
      fill: paint('muted'),
    }),
  ];
  let y = 44;
  const tops: number[] = [];
  const bottoms: number[] = [];
  for (const step of steps) {
    tops.push(y);
    y += isSum(step) ? 2 * CIRCLE : BOX;
    bottoms.push(y);
    y += GAP;
  }
  for (let i = 1; i < steps.length; i++) {
    const d = `M${decimal(x)} ${decimal(bottoms[i - 1])}V${decimal(tops[i] - 2)}`;
    parts.push(element('path', { d, stroke: paint('muted'), 'stroke-width': 1.2, fill: 'none' }));
    parts.push(arrowHead(x, tops[i], 0, 1));
  }
  for (const { from, to, kind, phrase } of shortcuts) {
    const [start, end] = [bottoms[from] + 3, (tops[to] + bottoms[to]) / 2];
    const side = x + boxWidth / 2 + 4;
    const d = [
      `M${decimal(x)} ${decimal(start)}H${decimal(side)}q${ARC} 0 ${ARC} ${ARC}`,
      `V${decimal(end - ARC)}q0 ${ARC} ${-ARC} ${ARC}H${decimal(x + CIRCLE + 2)}`,
    ].join('');
    parts.push(
      element('path', {
        d,
        fill: 'none',
        stroke: paint('ink'),
        'stroke-width': 1.3,
        'stroke-dasharray': kind === 'identity' ? undefined : '4 3',
      }),
      arrowHead(x + CIRCLE, end, -1, 0),
    );
    if (phrase === '') continue;
    const at = x + boxWidth / 2 + ARC + 9;
    parts.push(label(phrase, at, (start + end) / 2, { size: SMALL, fill: paint('muted') }));
  }
  let shown = '';
  steps.forEach((step, i) => {
    const middle = (tops[i] + bottoms[i]) / 2;
    const tooltip = step.members
      .map((node) => `${node.name}: ${shapeText(node.outputShape)}`)
      .join('\n');
    const title = `<title>${escapeXml(tooltip)}</title>`;
    if (isSum(step)) {
      const circle = {
        cx: x,
        cy: middle,
        r: CIRCLE,
        fill: paint('surface'),
        stroke: paint('ink'),
        'stroke-width': 1.2,
      };
      const d = `M${decimal(x - 4)} ${decimal(middle)}H${decimal(x + 4)}M${decimal(x)} ${decimal(middle - 4)}V${decimal(middle + 4)}`;
      const plus = element('path', { d, stroke: paint('ink'), 'stroke-width': 1.2, fill: 'none' });
      parts.push(element('g', {}, title + element('circle', circle) + plus));
      return;
    }
    const box = { x: x - boxWidth / 2, y: tops[i], width: boxWidth, height: BOX, rx: 3 };
    parts.push(
      element(
        'g',
        {},
        [
          title,
          element('rect', { ...box, fill: paint('surface') }),
          element('rect', {
            ...box,
            fill: colors[i],
            'fill-opacity': 0.18,
            stroke: colors[i],
            'stroke-width': 1.1,
          }),
          label(fitText(titleOf(step), TEXT, boxWidth - 8), x, middle, {
            size: TEXT,
            anchor: 'middle',
          }),
        ].join(''),
      ),
    );
    const size = mapSize(step);
    if (size !== '' && size !== shown) {
      parts.push(label(size, 0, middle, { size: SMALL, fill: paint('muted') }));
      shown = size;
    }
  });
  return { svg: parts.join(''), width, height: y - GAP };
}

/**
 * Networks side by side, a box for each convolution, as in Fig. 3 of He et al. (2015): arcs are shortcuts,
 * dashed where they change the shape; the sizes of the feature maps stand on the left.
 */
export function drawComparison(
  paths: readonly ComparedPath[],
  options: FigureOptions = {},
): string {
  const columns = paths.map(drawColumn);
  const width = columns.reduce((sum, column) => sum + column.width + COLUMN_GAP, -COLUMN_GAP);
  const height = Math.max(...columns.map((column) => column.height));
  const total = width + 2 * MARGIN;
  const head = heading(options, MARGIN, total - 2 * MARGIN);
  let x = MARGIN;
  const parts = columns.map((column) => {
    const moved = element(
      'g',
      { transform: `translate(${decimal(x)} ${decimal(head.height + 6)})` },
      column.svg,
    );
    x += column.width + COLUMN_GAP;
    return moved;
  });
  const size = { width: total, height: head.height + 6 + height + MARGIN };
  return svgDocument(size, options, head.svg + parts.join(''));
}
