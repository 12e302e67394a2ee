import { boldWidths, regularWidths, type WidthRun } from './font-widths.js';

/** Fonts of figures: the one that comes with residuum, then others of about its width. */
export const FIGURE_FONT = "'DejaVu Sans', Verdana, Geneva, sans-serif";

/** Width of a character that the font lacks, in thousandths of the size: that of its empty box. */
const UNKNOWN_WIDTH = 1000;

const tables = { regular: tableOf(regularWidths), bold: tableOf(boldWidths) } as const;

function tableOf(runs: readonly WidthRun[]): Map<number, number> {
  const table = new Map<number, number>();
  for (const [first, widths] of runs) {
    widths.forEach((width, i) => {
      table.set(first + i, width);
    });
  }
  return table;
}

/** Width of a line of text in pixels, as the bundled font sets it. */
export function textWidth(text: string, size: number, bold = false): number {
  const table = bold ? tables.bold : tables.regular;
  let sum = 0;
  for (const character of text) {
    sum += table.get(character.codePointAt(0) ?? 0) || UNKNOWN_WIDTH;
  }
  return (sum * size) / 1000;
}

/** The text, its end replaced by an ellipsis where it is wider than so many pixels. */
export function fitText(text: string, size: number, width: number, bold = false): string {
  if (textWidth(text, size, bold) <= width) return text;
  const characters = [...text];
  while (characters.length > 0 && textWidth(`${characters.join('')}…`, size, bold) > width) {
    characters.pop();
  }
  return `${characters.join('').trimEnd()}…`;
}

/** The text in lines of at most so many pixels, broken between words; a longer word is shortened. */
export function wrapText(text: string, size: number, width: number, bold = false): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && textWidth(longer, size, bold) > width) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  if (line !== '') lines.push(line);
  return lines.map((one) => fitText(one, size, width, bold));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * Text for XML and HTML, in elements and in quoted attributes. Characters that XML 1.0 does not allow
 * (control characters, lone surrogates) become U+FFFD.
 */
export function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replace(/[&<>"']/g, (character) => ENTITIES[character]);
}
