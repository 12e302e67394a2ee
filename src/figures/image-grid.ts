import { ValueError } from '../core/errors.js';
import { heading } from './frame.js';
import { imageDataUri, type PixelImage } from './pixel-image.js';
import { element, type FigureOptions, label, svgDocument } from './svg.js';
import { fitText } from './text.js';
import { type FigureColor, paint } from './theme.js';

/** A picture of a grid. */
export interface GridImage extends PixelImage {
  /** Lines below the picture; each is shortened to the picture's width. */
  caption?: string | readonly string[];
  /** Colour of the caption; default muted. */
  captionColor?: FigureColor;
  /** A second picture laid over the first, such as a heat map, and its opacity from 0 to 1. */
  overlay?: PixelImage & { opacity: number };
}

/** Options of `imageGrid`. */
export interface ImageGridOptions extends Omit<FigureOptions, 'height'> {
  /** From left to right, row by row. */
  images: readonly GridImage[];
  /** Pictures in a row; default as many as fit the width. */
  columns?: number;
  /** Width of a picture in the figure, in pixels; default 72. */
  size?: number;
}

const GAP = 10;
const MARGIN = 12;
const TEXT = 10;
const LINE = 13;

/**
 * Pictures in rows, each with a caption. Pixels stay sharp.
 * @throws {ValueError} for no pictures, or values that do not fit a size.
 */
export function imageGrid(options: ImageGridOptions): string {
  const { images, size = 72, width = 640 } = options;
  if (images.length === 0) throw new ValueError('an image grid needs at least one image');
  const fits = Math.max(1, Math.floor((width - 2 * MARGIN + GAP) / (size + GAP)));
  const columns = Math.max(1, Math.min(options.columns ?? fits, images.length));
  const total = Math.max(2 * MARGIN + columns * (size + GAP) - GAP, options.columns ? 0 : width);
  const head = heading(options, MARGIN, total - 2 * MARGIN);
  const parts = [head.svg];
  let y = head.height + (head.height > MARGIN ? 4 : 0);
  for (let first = 0; first < images.length; first += columns) {
    const row = images.slice(first, first + columns);
    const tallest = Math.max(...row.map((image) => (size * image.height) / image.width));
    const lines = Math.max(...row.map((image) => captionOf(image).length));
    row.forEach((image, i) => {
      const x = MARGIN + i * (size + GAP);
      parts.push(drawImage(image, x, y, size));
      captionOf(image).forEach((line, j) => {
        const at = y + tallest + 4 + (j + 0.5) * LINE;
        const fill = paint(image.captionColor ?? 'muted');
        parts.push(label(fitText(line, TEXT, size + GAP - 2), x, at, { size: TEXT, fill }));
      });
    });
    y += tallest + lines * LINE + GAP + 4;
  }
  return svgDocument({ width: total, height: y - GAP + MARGIN }, options, parts.join(''));
}

function captionOf({ caption = [] }: GridImage): readonly string[] {
  return typeof caption === 'string' ? [caption] : caption;
}

function drawImage(image: GridImage, x: number, y: number, size: number): string {
  const box = { x, y, width: size, height: (size * image.height) / image.width };
  const draw = (pixels: PixelImage, opacity?: number, smooth = false) =>
    element('image', {
      ...box,
      opacity,
      preserveAspectRatio: 'none',
      ...(!smooth && { style: 'image-rendering:pixelated', 'image-rendering': 'optimizeSpeed' }),
      'xlink:href': imageDataUri(pixels),
    });
  const { overlay } = image;
  const edge = element('rect', { ...box, fill: 'none', stroke: paint('grid') });
  return draw(image) + (overlay === undefined ? '' : draw(overlay, overlay.opacity, true)) + edge;
}
