import { ValueError } from '../core/errors.js';
import { type AxisOptions, makeAxis, shortNumber } from './axis.js';
import { colorBar, colorBarWidth } from './color-bar.js';
import { type ColorScaleName, scaleColor } from './color-scale.js';
import { frame } from './frame.js';
import { element, type FigureOptions, label } from './svg.js';
import { textWidth } from './text.js';
import { paint } from './theme.js';

/** Options of `heatmap`. */
export interface HeatmapOptions extends FigureOptions {
  /** Rows from top to bottom, each of the same length. What is no finite number is left empty. */
  values: readonly ArrayLike<number>[];
  /** Names of the rows. */
  rowLabels?: readonly string[];
  /** Names of the columns. */
  columnLabels?: readonly string[];
  /** What the rows are. */
  rowTitle?: string;
  /** What the columns are. */
  columnTitle?: string;
  /** Default `viridis`. With `diverging` and no domain, 0 is in the middle. */
  scale?: ColorScaleName;
  /** What the values are, and their range. */
  value?: Pick<AxisOptions, 'label' | 'domain' | 'scale' | 'format'>;
  /** Whether cells hold their values, or what they hold. */
  annotate?: boolean | ((value: number, row: number, column: number) => string);
  /** Whether the colour bar is shown; default true. */
  showColorBar?: boolean;
}

/**
 * A table of coloured cells with a colour bar.
 * @throws {ValueError} for no rows, rows of different lengths, or not one label for each.
 */
export function heatmap(options: HeatmapOptions): string {
  const { values, rowLabels, columnLabels, scale = 'viridis', annotate = false } = options;
  const { rowTitle, columnTitle, showColorBar = true } = options;
  const rows = values.length;
  const columns = values[0]?.length ?? 0;
  checkTable(options, rows, columns);
  const axis = makeAxis(
    values.flatMap((row) => Array.from(row)),
    valueOptions(options),
    true,
  );
  const place = axis.place([0, 1]);
  const names = (labels: readonly string[] | undefined, count: number, title?: string) =>
    makeAxis([], {
      ...(title !== undefined && { label: title }),
      domain: [0, count],
      ...(labels !== undefined && {
        ticks: labels.map((name, i) => ({ value: i + 0.5, label: name })),
      }),
    });
  const write = typeof annotate === 'function' ? annotate : (value: number) => shortNumber(value);
  const right = showColorBar ? colorBarWidth(axis) : 0;
  const height = options.height ?? Math.min(720, Math.max(220, 130 + rows * 32));
  return frame(
    {
      ...options,
      height,
      x: names(columnLabels, columns, columnTitle),
      y: names(rowLabels, rows, rowTitle),
      yDown: true,
      grid: 'none',
      right,
    },
    (plot) => {
      const width = plot.x(1) - plot.x(0);
      const tall = plot.y(1) - plot.y(0);
      const size = Math.min(12, tall * 0.6);
      const cells: string[] = [];
      values.forEach((row, r) => {
        for (let c = 0; c < columns; c++) {
          if (!Number.isFinite(row[c])) continue;
          const { fill, opacity, ink } = scaleColor(scale, place(row[c]));
          cells.push(
            element('rect', {
              x: plot.x(c),
              y: plot.y(r),
              width,
              height: tall,
              fill,
              'fill-opacity': opacity === 1 ? undefined : opacity,
              'shape-rendering': 'crispEdges',
            }),
          );
          const text = annotate === false ? '' : write(row[c], r, c);
          if (text === '' || textWidth(text, size) > width - 2 || size < 6) continue;
          cells.push(
            label(text, plot.x(c + 0.5), plot.y(r + 0.5), { size, anchor: 'middle', fill: ink }),
          );
        }
      });
      const edge = element('rect', { ...plot.box, fill: 'none', stroke: paint('grid') });
      return cells.join('') + edge + (showColorBar ? colorBar(axis, scale, plot.box) : '');
    },
  );
}

function valueOptions({ value = {}, scale, values }: HeatmapOptions): AxisOptions {
  if (scale !== 'diverging' || value.domain !== undefined) return value;
  let most = 0;
  for (const row of values) {
    for (let c = 0; c < row.length; c++) {
      if (Number.isFinite(row[c])) most = Math.max(most, Math.abs(row[c]));
    }
  }
  return { ...value, domain: [-(most || 1), most || 1] };
}

function checkTable(options: HeatmapOptions, rows: number, columns: number): void {
  const { values, rowLabels, columnLabels } = options;
  if (rows === 0 || columns === 0)
    throw new ValueError('a heat map needs at least one row and column');
  if (values.some((row) => row.length !== columns)) {
    throw new ValueError(`all rows of a heat map must have ${columns} values, as the first has`);
  }
  if ((rowLabels?.length ?? rows) !== rows || (columnLabels?.length ?? columns) !== columns) {
    throw new ValueError(
      `a heat map of ${rows} rows and ${columns} columns needs as many labels, got ${rowLabels?.length ?? 'no'} and ${columnLabels?.length ?? 'no'}`,
    );
  }
}
