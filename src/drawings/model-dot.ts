import type { Drawable, DrawModelOptions } from './draw-model.js';
import { modelDrawing } from './draw-model.js';

/** A string of Graphviz's language: quotes and backslashes escaped, no line breaks of its own. */
function quoted(lines: readonly string[]): string {
  const escaped = (text: string) =>
    text
      .replaceAll('\\', '\\\\')
      .replaceAll('"', '\\"')
      .replace(/[\r\n]+/g, ' ');
  return `"${lines.map(escaped).join('\\n')}"`;
}

/** A model as text for Graphviz, for those who have it: the boxes and lines of `drawModel`. */
export function modelDot(model: Drawable, options: DrawModelOptions = {}): string {
  const { nodes, edges } = modelDrawing(model, options);
  return [
    `digraph ${quoted([options.title ?? model.name])} {`,
    `  rankdir=${options.rankdir ?? 'TB'};`,
    '  node [shape=box, style=rounded, fontname="DejaVu Sans", fontsize=10];',
    ...nodes.map(({ id, title, lines }) => `  ${id} [label=${quoted([title, ...lines])}];`),
    ...edges.map(
      ({ from, to, isShortcut }) => `  ${from} -> ${to}${isShortcut ? ' [style=bold]' : ''};`,
    ),
    '}',
    '',
  ].join('\n');
}
