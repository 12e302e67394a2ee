import { extname } from 'node:path';
import { ValueError } from '../../core/errors.js';
import {
  type Drawable,
  type DrawModelOptions,
  drawModel,
  drawModels,
} from '../../drawings/draw-model.js';
import { modelDot } from '../../drawings/model-dot.js';
import { modelPage } from '../../drawings/model-page.js';
import { writeFileAtomic } from '../files.js';
import { saveFigure } from './svg-files.js';

/** Options of `plotModel`, with Keras's names in camelCase. */
export interface PlotModelOptions extends DrawModelOptions {
  /** File to write; its ending says what: `.svg`, `.png`, `.pdf`, `.html` or `.dot`. */
  toFile?: string;
  /** Dots an inch, of a PNG only; default 192, twice the size of the SVG in pixels. */
  dpi?: number;
}

const ENDINGS = ['.svg', '.png', '.pdf', '.html', '.dot'];

/** Throws when `plotModel` does not write files of this ending. @throws {ValueError} */
export function checkPlotFile(path: string, models: number): void {
  const ending = extname(path).toLowerCase();
  if (!ENDINGS.includes(ending)) {
    throw new ValueError(`a drawing is saved as ${ENDINGS.join(', ')}, got '${path}'`);
  }
  if (models > 1 && (ending === '.html' || ending === '.dot')) {
    throw new ValueError(
      `several models side by side are saved as .svg, .png or .pdf, got '${path}'`,
    );
  }
}

/** @throws {ValueError} for an option that would do nothing in a file of this ending. */
function checkIdleOptions(path: string, { dpi, theme }: PlotModelOptions): void {
  const ending = extname(path).toLowerCase();
  if (dpi !== undefined && ending !== '.png') {
    throw new ValueError(
      `dpi is for .png, and a ${ending} file has no dots; leave dpi out, or save the drawing as .png`,
    );
  }
  if (theme !== undefined && (ending === '.html' || ending === '.dot')) {
    throw new ValueError(
      `theme is for .svg, .png and .pdf; ${ending === '.html' ? 'a page is light or dark as the browser is' : 'Graphviz chooses the colours of a .dot file'}; leave theme out`,
    );
  }
  if (theme === 'auto' && ending !== '.svg') {
    throw new ValueError(
      `theme 'auto' is for .svg, which a browser shows; a ${ending} file is light or dark, give one of them`,
    );
  }
}

/**
 * Draws a model, or several side by side, and saves the drawing where `toFile` says. Needs no Graphviz.
 * @returns the drawing as SVG.
 * @throws {ValueError} for an ending that is none, a model too large to be read, or an option that would do
 * nothing in the file. @throws {DataError} when the file cannot be written.
 */
export async function plotModel(
  model: Drawable | readonly Drawable[],
  options: PlotModelOptions = {},
): Promise<string> {
  const { toFile, dpi, ...drawing } = options;
  const models = isList(model) ? model : [model];
  if (toFile !== undefined) {
    checkPlotFile(toFile, models.length);
    checkIdleOptions(toFile, options);
  }
  const svg = models.length === 1 ? drawModel(models[0], drawing) : drawModels(models, drawing);
  if (toFile === undefined) return svg;
  const ending = extname(toFile).toLowerCase();
  if (ending === '.html') await writeFileAtomic(toFile, modelPage(models[0], drawing));
  else if (ending === '.dot') await writeFileAtomic(toFile, modelDot(models[0], drawing));
  else
    await saveFigure(svg, toFile, {
      ...(dpi !== undefined && { dpi }),
      theme: drawing.theme ?? 'light',
    });
  return svg;
}

function isList(model: Drawable | readonly Drawable[]): model is readonly Drawable[] {
  return Array.isArray(model);
}
