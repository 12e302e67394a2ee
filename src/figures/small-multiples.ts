import { ValueError } from '../core/errors.js';
import { heading } from './frame.js';
import { type FigureOptions, figureSize, svgDocument } from './svg.js';
import { withoutThemeStyle } from './theme.js';

/** Options of `smallMultiples`. */
export interface SmallMultiplesOptions extends Omit<FigureOptions, 'width' | 'height'> {
  /** Figures of this library; drawn with `theme: 'auto'` they follow the theme of the whole. */
  figures: readonly string[];
  /** Figures in a row; default the number that makes the whole about as wide as high, at most 4. */
  columns?: number;
}

const GAP = 8;

/**
 * Several figures in rows, as one.
 * @throws {ValueError} for no figures, or texts that are none.
 */
export function smallMultiples(options: SmallMultiplesOptions): string {
  const { figures, columns = Math.min(4, Math.ceil(Math.sqrt(figures.length))) } = options;
  if (figures.length === 0) throw new ValueError('small multiples need at least one figure');
  const sizes = figures.map(figureSize);
  const cellWidth = Math.max(...sizes.map(({ width }) => width));
  const width = columns * cellWidth + (columns - 1) * GAP;
  const head = heading(options, 12, width - 24);
  let y = options.title === undefined && options.subtitle === undefined ? 0 : head.height + 4;
  const parts: string[] = [];
  for (let first = 0; first < figures.length; first += columns) {
    const row = figures.slice(first, first + columns);
    row.forEach((svg, i) => {
      const x = i * (cellWidth + GAP);
      parts.push(withoutThemeStyle(svg).replace('<svg ', `<svg x="${x}" y="${Math.round(y)}" `));
    });
    y += Math.max(...sizes.slice(first, first + columns).map(({ height }) => height)) + GAP;
  }
  return svgDocument({ width, height: y - GAP }, options, (y > 0 ? head.svg : '') + parts.join(''));
}
