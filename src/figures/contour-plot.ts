import { contours } from 'd3-contour';
import { ValueError } from '../core/errors.js';
import { type AxisOptions, makeAxis } from './axis.js';
import { colorBar, colorBarWidth } from './color-bar.js';
import { type ColorScaleName, scaleColor } from './color-scale.js';
import { frame } from './frame.js';
import { clipped, decimal, element, type FigureOptions } from './svg.js';
import { paint } from './theme.js';

/** Options of `contourPlot`. */
export interface ContourPlotOptions extends FigureOptions {
  /** `values[row][column]` at `y[row]` and `x[column]`. What is no finite number is drawn as the top. */
  values: readonly ArrayLike<number>[];
  /** Places of the columns, evenly spaced and rising. */
  x: ArrayLike<number>;
  /** Places of the rows, evenly spaced and rising; drawn upwards. */
  y: ArrayLike<number>;
  /** What the places of the columns are. */
  xLabel?: string;
  /** What the places of the rows are. */
  yLabel?: string;
  /** What the values are; a logarithmic scale suits losses. */
  value?: Pick<AxisOptions, 'label' | 'domain' | 'scale' | 'format'>;
  /** Default `viridis`. */
  scale?: ColorScaleName;
  /** About how many lines; default 12. */
  levels?: number;
  /** Points to mark, such as the minimum. */
  marks?: readonly (readonly [x: number, y: number])[];
}

/**
 * A surface from above: filled bands between lines of equal value, as in the loss landscapes of Li et al.
 * (2018).
 * @throws {ValueError} for fewer than 2 × 2 values, or places that do not fit them.
 */
export function contourPlot(options: ContourPlotOptions): string {
  const { values, x, y, xLabel, yLabel, scale = 'viridis', levels = 12, marks = [] } = options;
  const [rows, columns] = [y.length, x.length];
  if (
    rows < 2 ||
    columns < 2 ||
    values.length !== rows ||
    values.some((row) => row.length !== columns)
  ) {
    throw new ValueError(
      `a contour plot needs at least 2 × 2 values, one for each of its ${rows} places on y and ${columns} on x`,
    );
  }
  const axis = makeAxis(
    values.flatMap((row) => Array.from(row)),
    options.value ?? {},
    true,
  );
  const place = axis.place([0, 1]);
  const places = values.flatMap((row) =>
    Array.from(row, (value) => {
      // A loss that is no number belongs to the top; one of 0 on a logarithmic axis to the bottom.
      const at = Number.isFinite(value) ? place(value) : 1;
      return Number.isFinite(at) ? Math.min(1, Math.max(0, at)) : 0;
    }),
  );
  const thresholds = Array.from({ length: levels }, (_, i) => i / levels);
  const bands = contours().size([columns, rows]).smooth(true).thresholds(thresholds)(places);
  const [x0, y0] = [x[0], y[0]];
  const [dx, dy] = [(x[columns - 1] - x0) / (columns - 1), (y[rows - 1] - y0) / (rows - 1)];
  const domains = {
    x: [x0, x[columns - 1]] as const,
    y: [y0, y[rows - 1]] as const,
  };
  return frame(
    {
      height: 460,
      width: 560,
      ...options,
      x: makeAxis([], { ...(xLabel !== undefined && { label: xLabel }), domain: domains.x }),
      y: makeAxis([], { ...(yLabel !== undefined && { label: yLabel }), domain: domains.y }),
      grid: 'none',
      right: colorBarWidth(axis),
    },
    (plot) => {
      // The library puts the value of a cell at its middle: column c is at c + 0.5.
      const point = ([c, r]: readonly number[]) =>
        `${decimal(plot.x(x0 + (c - 0.5) * dx))} ${decimal(plot.y(y0 + (r - 0.5) * dy))}`;
      const paths = bands.map(({ coordinates, value }, i) => {
        const d = coordinates
          .flatMap((polygon) => polygon.map((ring) => `M${ring.map(point).join('L')}Z`))
          .join('');
        const { fill, opacity } = scaleColor(scale, (i + 0.5) / levels);
        const stroke = value === 0 ? 'none' : paint('surface');
        return element('path', {
          d,
          fill,
          'fill-opacity': opacity === 1 ? undefined : opacity,
          'fill-rule': 'evenodd',
          stroke,
          'stroke-width': 0.6,
          'stroke-opacity': 0.6,
        });
      });
      const base = element('rect', { ...plot.box, fill: scaleColor(scale, 0).fill });
      const crosses = marks.map(([mx, my]) => {
        const [px, py] = [plot.x(mx), plot.y(my)];
        const d = `M${decimal(px - 6)} ${decimal(py)}H${decimal(px + 6)}M${decimal(px)} ${decimal(py - 6)}V${decimal(py + 6)}`;
        return (
          element('path', { d, stroke: '#000000', 'stroke-width': 4 }) +
          element('path', { d, stroke: '#ffffff', 'stroke-width': 2 })
        );
      });
      return (
        clipped(plot.box, base + paths.join('') + crosses.join('')) +
        colorBar(axis, scale, plot.box)
      );
    },
  );
}
