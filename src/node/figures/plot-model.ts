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
  /** Dots an inch of a PNG; default 192, twice the size of the SVG in pixels. */
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

/**
 * Draws a model, or several side by side, and saves the drawing where `toFile` says. Needs no Graphviz.
 * @returns the drawing as SVG.
 * @throws {ValueError} for an ending that is none, or a model too large to be read. @throws {DataError}
 * when the file cannot be written.
 */
export async function plotModel(
  model: Drawable | readonly Drawable[],
  options: PlotModelOptions = {},
): Promise<string> {
  const { toFile, dpi, ...drawing } = options;
  const models = isList(model) ? model : [model];
  if (toFile !== undefined) checkPlotFile(toFile, models.length);
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
