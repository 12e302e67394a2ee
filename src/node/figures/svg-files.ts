import { extname } from 'node:path';
import { ValueError } from '../../core/errors.js';
import { figureSize } from '../../figures/svg.js';
import { type FigureTheme, withTheme } from '../../figures/theme.js';
import { writeFileAtomic } from '../files.js';
import { packagePath } from '../package-file.js';

/** Options of `svgToPng`. */
export interface PngOptions {
  /** Dots an inch, 96 being one dot for each pixel of the figure; default 192. */
  dpi?: number;
  /** Default `light`. */
  theme?: Exclude<FigureTheme, 'auto'>;
}

const BASE_DPI = 96;
const MOST_PIXELS = 2 ** 28;

/** Fonts that come with residuum. */
export function figureFont(face: 'regular' | 'bold'): string {
  return packagePath(`fonts/figures-${face}.ttf`);
}

/**
 * A figure as a PNG file. Text is set in the bundled font, so a machine without fonts gives the same.
 * @throws {ValueError} for dots an inch out of range.
 */
export async function svgToPng(svg: string, options: PngOptions = {}): Promise<Uint8Array> {
  const { dpi = 2 * BASE_DPI, theme = 'light' } = options;
  const { width, height } = figureSize(svg);
  const zoom = dpi / BASE_DPI;
  if (!(dpi >= 24 && width * height * zoom * zoom <= MOST_PIXELS)) {
    throw new ValueError(
      `dpi must be at least 24, and at most 268 million pixels in all; ${dpi} would make ${Math.round(width * zoom)} × ${Math.round(height * zoom)} pixels`,
    );
  }
  const { Resvg } = await import('@resvg/resvg-js');
  const resvg = new Resvg(withTheme(svg, theme), {
    fitTo: { mode: 'zoom', value: zoom },
    font: {
      loadSystemFonts: false,
      fontFiles: [figureFont('regular'), figureFont('bold')],
      defaultFontFamily: 'DejaVu Sans',
      sansSerifFamily: 'DejaVu Sans',
    },
  });
  return resvg.render().asPng();
}

/** A figure as a PDF file of one page of its size, with the bundled font in it. */
export async function svgToPdf(
  svg: string,
  options: Pick<PngOptions, 'theme'> = {},
): Promise<Uint8Array> {
  const { width, height } = figureSize(svg);
  const [{ default: PdfDocument }, { default: drawSvg }] = await Promise.all([
    import('pdfkit'),
    import('svg-to-pdfkit'),
  ]);
  const points = 72 / BASE_DPI;
  const document = new PdfDocument({ size: [width * points, height * points], margin: 0 });
  const chunks: Uint8Array[] = [];
  document.on('data', (chunk: Uint8Array) => chunks.push(chunk));
  const ended = new Promise<void>((resolve, reject) => {
    document.on('end', resolve);
    document.on('error', reject);
  });
  document.registerFont('regular', figureFont('regular'));
  document.registerFont('bold', figureFont('bold'));
  drawSvg(document, withTheme(svg, options.theme ?? 'light'), 0, 0, {
    assumePt: false,
    fontCallback: (_family, bold) => (bold ? 'bold' : 'regular'),
  });
  document.end();
  await ended;
  return new Uint8Array(Buffer.concat(chunks));
}

/** Options of `saveFigure`. */
export interface SaveFigureOptions {
  /** Dots an inch of a PNG; default 192. */
  dpi?: number;
  /** Default `light`; `auto` is for SVG that only browsers will show. */
  theme?: FigureTheme;
}

/**
 * Saves a figure as SVG, PNG or PDF, as the ending of the path says. The file appears whole or not at all.
 * @throws {ValueError} for another ending. @throws {DataError} when the file cannot be written.
 */
export async function saveFigure(
  svg: string,
  path: string,
  options: SaveFigureOptions = {},
): Promise<void> {
  const { theme = 'light', dpi } = options;
  const fixed = theme === 'auto' ? 'light' : theme;
  const ending = extname(path).toLowerCase();
  if (ending === '.svg') {
    const text = `<?xml version="1.0" encoding="UTF-8"?>\n${withTheme(svg, theme)}\n`;
    await writeFileAtomic(path, [new TextEncoder().encode(text)]);
  } else if (ending === '.png') {
    await writeFileAtomic(path, [await svgToPng(svg, { theme: fixed, ...(dpi && { dpi }) })]);
  } else if (ending === '.pdf') {
    await writeFileAtomic(path, [await svgToPdf(svg, { theme: fixed })]);
  } else {
    throw new ValueError(
      `a figure is saved as .svg, .png or .pdf, but the file is to end in '${ending}': '${path}'`,
    );
  }
}
