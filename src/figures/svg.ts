import { ValueError } from '../core/errors.js';
import { escapeXml, FIGURE_FONT } from './text.js';
import { FIGURE_CLASS, type FigureTheme, paint, themeStyle, withTheme } from './theme.js';

/** What every figure takes. */
export interface FigureOptions {
  /** Heading above the figure. */
  title?: string;
  /** Smaller line below the heading. */
  subtitle?: string;
  /** What the figure shows, for readers who do not see it; default the title. */
  description?: string;
  /** Pixels; each figure has a default. */
  width?: number;
  /** Pixels; each figure has a default. */
  height?: number;
  /** Default `auto`: light or dark, as the reader's system is. */
  theme?: FigureTheme;
}

/** Attributes of an element; those that are undefined are left out. */
export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** A number with at most two decimals. */
export function decimal(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** An element; values of attributes are escaped, content is not. */
export function element(name: string, attributes: Attributes, content = ''): string {
  const written = Object.entries(attributes).map(([key, value]) => {
    if (value === undefined) return '';
    return ` ${key}="${typeof value === 'number' ? decimal(value) : escapeXml(value)}"`;
  });
  const open = `<${name}${written.join('')}`;
  return content === '' ? `${open}/>` : `${open}>${content}</${name}>`;
}

/** How a line of text is set. */
export interface TextStyle {
  /** Font size in pixels; default 12. */
  size?: number;
  /** Default false. */
  bold?: boolean;
  /** Default `start`. */
  anchor?: 'start' | 'middle' | 'end';
  /** Default the ink colour. */
  fill?: string;
  /** Degrees clockwise about the anchor point. */
  rotate?: number;
  /** Whether the point is the middle of the text's height (default) or its baseline. */
  baseline?: boolean;
}

/** Half the height of capitals and digits of the font, in font sizes. */
const HALF_HEIGHT = 0.36;

/** A line of text at a point. */
export function label(text: string, x: number, y: number, style: TextStyle = {}): string {
  const { size = 12, bold = false, anchor = 'start', fill = paint('ink'), rotate } = style;
  const attributes = {
    x,
    y,
    ...(style.baseline !== true && { dy: size * HALF_HEIGHT }),
    'font-size': size,
    ...(bold && { 'font-weight': 'bold' }),
    ...(anchor !== 'start' && { 'text-anchor': anchor }),
    fill,
    ...(rotate !== undefined && {
      transform: `rotate(${decimal(rotate)} ${decimal(x)} ${decimal(y)})`,
    }),
  };
  return element('text', attributes, escapeXml(text));
}

/** A rectangle in pixels. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Content that is cut off at the edges of a box; coordinates inside are those outside. */
export function clipped({ x, y, width, height }: Box, content: string): string {
  const viewBox = [x, y, width, height].map(decimal).join(' ');
  return element('svg', { x, y, width, height, viewBox, overflow: 'hidden' }, content);
}

/** The whole figure: a document of its own that can also stand inside HTML. */
export function svgDocument(
  size: { width: number; height: number },
  options: FigureOptions,
  content: string,
): string {
  const { title = '', description = title, theme = 'auto' } = options;
  const width = Math.ceil(size.width);
  const height = Math.ceil(size.height);
  const svg = element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      'xmlns:xlink': 'http://www.w3.org/1999/xlink',
      class: FIGURE_CLASS,
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      'font-family': FIGURE_FONT,
      role: 'img',
      'aria-label': description === '' ? 'figure' : description,
    },
    [themeStyle(), element('rect', { width, height, fill: paint('surface') }), content].join(''),
  );
  return withTheme(svg, theme);
}

/**
 * Width and height that a figure says it has, in pixels.
 * @throws {ValueError} when it is no figure of this library.
 */
export function figureSize(svg: string): { width: number; height: number } {
  const match = /^<svg [^>]*\bwidth="(\d+)" height="(\d+)"/.exec(svg);
  if (match === null) throw new ValueError('the text is no SVG figure of residuum');
  return { width: Number(match[1]), height: Number(match[2]) };
}
