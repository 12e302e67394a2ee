import type { LabFigure } from './experiment.js';

/** A figure whose caption is also what readers are told who do not see it. */
export function labFigure(
  name: string,
  caption: string,
  draw: (described: { description: string }) => string,
): LabFigure {
  return { name, caption, svg: draw({ description: caption }) };
}
