import { escapeXml } from './text.js';
import { themeRules, withoutThemeStyle } from './theme.js';

/** A cell of a table; numbers stand on the right. */
export type HtmlCell = string | number;

/**
 * A piece of a page. All text is plain: it is escaped, except that `code` between backticks is set as
 * code. `svg` must come from a function of this library.
 */
export type HtmlBlock =
  | { kind: 'text'; text: string }
  | { kind: 'heading'; text: string }
  | { kind: 'note'; text: string; tone?: 'plain' | 'good' | 'bad' }
  | { kind: 'list'; items: readonly string[] }
  | { kind: 'figure'; svg: string; caption?: string; id?: string }
  | { kind: 'facts'; rows: readonly (readonly [name: string, value: HtmlCell])[] }
  | {
      kind: 'table';
      columns: readonly string[];
      rows: readonly (readonly HtmlCell[])[];
      caption?: string;
    }
  | { kind: 'code'; text: string }
  | { kind: 'details'; summary: string; blocks: readonly HtmlBlock[]; open?: boolean };

/** A part of a page, with an entry in its table of contents. */
export interface HtmlSection {
  /** Plain text. */
  heading: string;
  /** From top to bottom. */
  blocks: readonly HtmlBlock[];
}

/** Options of `htmlPage`. */
export interface HtmlPageOptions {
  /** Plain text, also the name of the tab. */
  title: string;
  /** Smaller line below the title. */
  subtitle?: string;
  /** The most important figures, shown large: what and how much. */
  highlights?: readonly (readonly [name: string, value: string])[];
  /** What stands before the first section. */
  blocks?: readonly HtmlBlock[];
  /** From top to bottom. */
  sections?: readonly HtmlSection[];
  /** Last line, such as command, version and date. */
  footer?: string;
  /** Default `en`. */
  language?: string;
}

/** Nothing is loaded and no script runs, whatever text a page holds. */
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

const STYLE = `
*{box-sizing:border-box}
html{color-scheme:light dark;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--fig-surface);color:var(--fig-ink);font:16px/1.55 system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}
main{max-width:860px;margin:0 auto;padding:2.5rem 1.25rem 4rem}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .3rem}
h2{font-size:1.3rem;line-height:1.3;margin:2.8rem 0 .8rem;padding-top:1rem;border-top:1px solid var(--fig-grid)}
h3{font-size:1.05rem;line-height:1.3;margin:1.8rem 0 .5rem}
p,ul{margin:.7rem 0;max-width:70ch}
.subtitle{color:var(--fig-muted);margin:0 0 1.2rem}
nav{font-size:.92rem;color:var(--fig-muted);margin:1.2rem 0}
nav a{color:var(--fig-accent);text-decoration:none;margin-right:1.1em;white-space:nowrap}
nav a:hover{text-decoration:underline}
.highlights{display:flex;flex-wrap:wrap;gap:.75rem;margin:1.2rem 0;padding:0}
.highlights div{background:var(--fig-panel);border-radius:8px;padding:.7rem 1.1rem;min-width:8.5rem}
.highlights dt{font-size:.82rem;color:var(--fig-muted)}
.highlights dd{margin:0;font-size:1.45rem;font-weight:600;font-variant-numeric:tabular-nums}
figure{margin:1.4rem 0;break-inside:avoid}
figure svg{max-width:100%;height:auto;display:block}
figcaption{font-size:.9rem;color:var(--fig-muted);margin-top:.4rem;max-width:75ch}
.wide{overflow-x:auto;margin:1rem 0}
table{border-collapse:collapse;font-size:.92rem;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--fig-muted);font-size:.9rem;padding-bottom:.4rem}
th,td{padding:.3rem .9rem .3rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--fig-grid);overflow-wrap:anywhere}
th{overflow-wrap:normal}
th{font-weight:600}
td.number,th.number{text-align:right}
table.facts th{font-weight:400;color:var(--fig-muted);white-space:nowrap}
pre,code{font-family:ui-monospace,'Cascadia Mono',Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:.88em}
code{background:var(--fig-panel);border-radius:4px;padding:.1em .35em}
pre{background:var(--fig-panel);border-radius:8px;padding:.8rem 1rem;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere}
pre code{background:none;padding:0}
.note{border-left:4px solid var(--fig-muted);background:var(--fig-panel);padding:.6rem 1rem;border-radius:0 8px 8px 0;margin:1rem 0}
.note.good{border-color:var(--fig-good)}
.note.bad{border-color:var(--fig-bad)}
details{margin:1rem 0}
summary{cursor:pointer;color:var(--fig-accent)}
footer{margin-top:3rem;padding-top:1rem;border-top:1px solid var(--fig-grid);font-size:.85rem;color:var(--fig-muted);overflow-wrap:anywhere}
@media print{html{color-scheme:light}body{font-size:11pt}main{max-width:none;padding:0}nav{display:none}h2,h3,summary{break-after:avoid}.note,tr,pre{break-inside:avoid}figure svg{max-height:220mm}a{color:inherit}details>summary{list-style:none}details::details-content{content-visibility:visible;block-size:auto}}
`;

/**
 * One page that holds everything: no file beside it, no network, no script. Good to read and to print,
 * light and dark. All text is escaped.
 */
export function htmlPage(options: HtmlPageOptions): string {
  const { title, subtitle, highlights = [], blocks = [], sections = [], footer } = options;
  const contents = sections.map(({ heading }, i) => link(`#s${i + 1}`, heading));
  const body = [
    `<h1>${escapeXml(title)}</h1>`,
    subtitle === undefined ? '' : `<p class="subtitle">${inline(subtitle)}</p>`,
    highlights.length === 0 ? '' : highlightList(highlights),
    contents.length < 2 ? '' : `<nav aria-label="Contents">${contents.join('')}</nav>`,
    ...blocks.map(blockHtml),
    ...sections.map(
      ({ heading, blocks: inner }, i) =>
        `<section id="s${i + 1}"><h2>${escapeXml(heading)}</h2>${inner.map(blockHtml).join('\n')}</section>`,
    ),
    footer === undefined ? '' : `<footer>${inline(footer)}</footer>`,
  ];
  return htmlDocument({
    title,
    language: options.language ?? 'en',
    policy: POLICY,
    style: STYLE,
    body: `<main>\n${body.filter((part) => part !== '').join('\n')}\n</main>`,
  });
}

/** The frame of a page whose body is HTML already. */
export function htmlDocument(parts: {
  title: string;
  language: string;
  /** Content security policy. */
  policy: string;
  style: string;
  body: string;
}): string {
  return [
    '<!doctype html>',
    `<html lang="${escapeXml(parts.language)}">`,
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<meta http-equiv="Content-Security-Policy" content="${escapeXml(parts.policy)}">`,
    '<meta name="generator" content="residuum">',
    `<title>${escapeXml(parts.title)}</title>`,
    `<style>${themeRules(':root')}${parts.style}</style>`,
    '</head>',
    '<body>',
    parts.body,
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

function link(target: string, text: string): string {
  return `<a href="${escapeXml(target)}">${escapeXml(text)}</a> `;
}

/** Escaped text, in which what stands between backticks is code. */
function inline(text: string): string {
  return escapeXml(text).replace(/`([^`]+)`/g, '<code>$1</code>');
}

function highlightList(highlights: NonNullable<HtmlPageOptions['highlights']>): string {
  const items = highlights.map(
    ([name, value]) => `<div><dt>${escapeXml(name)}</dt><dd>${escapeXml(value)}</dd></div>`,
  );
  return `<dl class="highlights">${items.join('')}</dl>`;
}

function blockHtml(block: HtmlBlock): string {
  switch (block.kind) {
    case 'text':
      return `<p>${inline(block.text)}</p>`;
    case 'heading':
      return `<h3>${inline(block.text)}</h3>`;
    case 'note':
      return `<p class="note ${block.tone ?? 'plain'}">${inline(block.text)}</p>`;
    case 'list':
      return `<ul>${block.items.map((item) => `<li>${inline(item)}</li>`).join('')}</ul>`;
    case 'figure':
      return figureHtml(block.svg, block.caption, block.id);
    case 'facts':
      return factsHtml(block.rows);
    case 'table':
      return tableHtml(block.columns, block.rows, block.caption);
    case 'code':
      return `<pre><code>${escapeXml(block.text)}</code></pre>`;
    case 'details': {
      const open = block.open === true ? ' open' : '';
      return `<details${open}><summary>${inline(block.summary)}</summary>${block.blocks.map(blockHtml).join('\n')}</details>`;
    }
  }
}

function figureHtml(svg: string, caption: string | undefined, id: string | undefined): string {
  const name = id === undefined ? '' : ` id="${escapeXml(id)}"`;
  const words = caption === undefined ? '' : `<figcaption>${inline(caption)}</figcaption>`;
  return `<figure${name}>${withoutThemeStyle(svg)}${words}</figure>`;
}

function cell(tag: 'td' | 'th', value: HtmlCell, right: boolean): string {
  const text = typeof value === 'number' ? String(value) : value;
  return `<${tag}${right ? ' class="number"' : ''}>${inline(text)}</${tag}>`;
}

function factsHtml(rows: readonly (readonly [string, HtmlCell])[]): string {
  const lines = rows.map(
    ([name, value]) => `<tr><th scope="row">${inline(name)}</th>${cell('td', value, false)}</tr>`,
  );
  return `<div class="wide"><table class="facts"><tbody>${lines.join('')}</tbody></table></div>`;
}

/** What stands right: numbers, also written ones such as `93.2%`, `1,024` and `–`. */
const NUMERIC = /^[-−+±~]?[\d.,]+(?:[eE×][-−+\d⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)?\s?(?:%|s|ms|±.*)?$|^–$/;

function tableHtml(
  columns: readonly string[],
  rows: readonly (readonly HtmlCell[])[],
  caption: string | undefined,
): string {
  const right = columns.map(
    (_, c) => rows.length > 0 && rows.every((row) => NUMERIC.test(String(row[c] ?? '–'))),
  );
  const head = columns.map((name, c) => cell('th', name, right[c])).join('');
  const body = rows.map(
    (row) => `<tr>${row.map((value, c) => cell('td', value, right[c])).join('')}</tr>`,
  );
  const words = caption === undefined ? '' : `<caption>${inline(caption)}</caption>`;
  return `<div class="wide"><table>${words}<thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table></div>`;
}
