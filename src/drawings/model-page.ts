import { ValueError } from '../core/errors.js';
import { htmlDocument } from '../figures/html-page.js';
import { escapeXml } from '../figures/text.js';
import { withoutThemeStyle } from '../figures/theme.js';
import { countParameters } from '../inspect/summary.js';
import { drawGraph } from './draw-graph.js';
import type { Drawable, DrawModelOptions } from './draw-model.js';
import { asChain, type BoxOptions, type DrawnNode, drawnGraph, grouped } from './drawn-graph.js';
import { type GraphNode, modelGraph } from './model-graph.js';

/** The only script of the page: it folds and unfolds all blocks. */
const SCRIPT = `for(const b of document.querySelectorAll('button[data-open]'))b.addEventListener('click',()=>{for(const d of document.querySelectorAll('details'))d.open=b.dataset.open==='1'})`;

/** SHA-256 of the script, which alone the page's policy lets run. */
const SCRIPT_HASH = 'sha256-vNLXnCsMCKDZQzkVbctXT824bko8OkhtOdlzF2FpuL0=';

const POLICY = `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src '${SCRIPT_HASH}'`;

const STYLE = `
*{box-sizing:border-box}
html{color-scheme:light dark}
body{margin:0;background:var(--fig-surface);color:var(--fig-ink);font:15px/1.45 system-ui,-apple-system,'Segoe UI',Roboto,Arial,sans-serif}
main{max-width:760px;margin:0 auto;padding:2rem 1rem 4rem;text-align:center}
h1{font-size:1.6rem;margin:0}
p{color:var(--fig-muted);margin:.3rem 0 1rem}
button{font:inherit;font-size:.88rem;color:var(--fig-ink);background:var(--fig-panel);border:1px solid var(--fig-grid);border-radius:6px;padding:.3rem .8rem;margin:0 .2rem;cursor:pointer}
ol{list-style:none;margin:1.2rem 0;padding:0}
li+li::before{content:'↓';display:block;color:var(--fig-muted);line-height:1.5}
.box{display:inline-block;min-width:11rem;padding:.35rem 1rem;border:1.5px solid var(--c);border-radius:8px;background:color-mix(in srgb,var(--c) 12%,transparent)}
.box b{display:block;font-size:.93rem}
.box span{display:block;font-size:.82rem;color:var(--fig-muted)}
summary{list-style:none;cursor:pointer}
summary::-webkit-details-marker{display:none}
summary .box{min-width:19rem;border-width:2px;border-radius:5px}
summary .box b::after{content:' ▸';color:var(--fig-muted)}
details[open] summary .box b::after{content:' ▾'}
details[open]{border:1px dashed var(--fig-muted);border-radius:10px;padding:.6rem;margin:.2rem auto;width:fit-content;max-width:100%}
svg{max-width:100%;height:auto}
@media print{button{display:none}main{padding:0}li{break-inside:avoid}}
`;

const colors: Readonly<Record<DrawnNode['kind'], number>> = {
  input: 7,
  convolution: 0,
  dense: 3,
  normalization: 6,
  activation: 1,
  pooling: 2,
  merge: 4,
  block: 0,
  other: 7,
};

/**
 * A page with the model as a column of boxes, in which every residual block can be folded and unfolded.
 * A model that is no row of layers and blocks is drawn whole, folded and with all layers. The page holds
 * everything and loads nothing.
 * @throws {ValueError} for another direction than from top to bottom where there is a column.
 */
export function modelPage(model: Drawable, options: DrawModelOptions = {}): string {
  const nodes = modelGraph(model.network);
  const { showShapes = true, showLayerNames = true, showParams = false } = options;
  const boxes = { showShapes, showLayerNames, showParams };
  const title = options.title ?? model.name;
  const { total } = countParameters(model.network);
  const graph = drawnGraph(nodes, boxes, true);
  const chain = asChain(graph);
  const open = options.expandBlocks === true;
  if (chain !== undefined && (options.rankdir ?? 'TB') !== 'TB') {
    throw new ValueError(
      `a page with the column of boxes of a network runs from top to bottom, got rankdir '${options.rankdir}'; leave it out, or save the drawing as .svg`,
    );
  }
  const body =
    chain === undefined
      ? [
          withoutThemeStyle(drawGraph(graph, options.rankdir ?? 'TB')),
          `<details${open ? ' open' : ''}><summary><span class="box" style="--c:var(--fig-series-0)"><b>all layers</b></span></summary>`,
          withoutThemeStyle(drawGraph(drawnGraph(nodes, boxes, false), options.rankdir ?? 'TB')),
          '</details>',
        ]
      : ['<ol>', ...chain.map((node) => item(node, nodes, boxes, open)), '</ol>'];
  const hasBlocks = chain?.some(({ block }) => block !== undefined) === true;
  return htmlDocument({
    title,
    language: 'en',
    policy: POLICY,
    style: STYLE,
    body: [
      '<main>',
      `<h1>${escapeXml(title)}</h1>`,
      `<p>${model.network.layers.length} layers, ${grouped(total)} parameters</p>`,
      hasBlocks
        ? '<div><button type="button" data-open="1">Unfold all blocks</button><button type="button" data-open="0">Fold all blocks</button></div>'
        : '',
      ...body,
      '</main>',
      `<script>${SCRIPT}</script>`,
    ].join('\n'),
  });
}

function item(
  node: DrawnNode,
  nodes: readonly GraphNode[],
  options: BoxOptions,
  open: boolean,
): string {
  const lines = node.lines.map((line) => `<span>${escapeXml(line)}</span>`).join('');
  const color = `--c:var(--fig-series-${colors[node.kind]})`;
  const box = `<span class="box" style="${color}" title="${escapeXml(node.tooltip)}"><b>${escapeXml(node.title)}</b>${lines}</span>`;
  if (node.block === undefined) return `<li>${box}</li>`;
  const inside = new Set([node.block.from, ...node.members]);
  const svg = withoutThemeStyle(drawGraph(drawnGraph(nodes, options, false, inside), 'TB'));
  return `<li><details${open ? ' open' : ''}><summary>${box}</summary>${svg}</details></li>`;
}
