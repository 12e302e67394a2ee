import { ValueError } from '../core/errors.js';
import { smallMultiples } from '../figures/small-multiples.js';
import type { FigureOptions } from '../figures/svg.js';
import { countParameters } from '../inspect/summary.js';
import type { Network } from '../network/network.js';
import { drawComparison } from './draw-comparison.js';
import { drawGraph, type RankDirection } from './draw-graph.js';
import { asChain, type DrawnGraph, drawnGraph, grouped, mergeRepeats } from './drawn-graph.js';
import { findResidualBlocks } from './find-residual-blocks.js';
import { mainPath } from './main-path.js';
import { modelGraph } from './model-graph.js';

/** What is drawn: a model, or anything that has a network. */
export interface Drawable {
  /** Name of the model. */
  readonly name: string;
  /** Its graph. */
  readonly network: Network;
}

/** Options of `drawModel`, with Keras's names in camelCase. */
export interface DrawModelOptions extends Omit<FigureOptions, 'width' | 'height'> {
  /** Whether boxes say the shapes, without the batch; default true. */
  showShapes?: boolean;
  /** Whether boxes say the names of layers; default true. */
  showLayerNames?: boolean;
  /** Whether boxes say the numbers of parameters; default false. */
  showParams?: boolean;
  /**
   * Whether every layer of a residual block has a box of its own; default: only in networks of up to 40
   * layers. Folded blocks say what is in them.
   */
  expandBlocks?: boolean;
  /** Direction from inputs to outputs: `TB` (default), `BT`, `LR` or `RL`. */
  rankdir?: RankDirection;
}

const MOST_UNFOLDED = 40;
/** Beyond this, equal blocks that follow each other become one box. */
const MOST_CHAIN_BOXES = 30;

/** Boxes and lines of a model as the options want them. */
export function modelDrawing(model: Drawable, options: DrawModelOptions): DrawnGraph {
  const nodes = modelGraph(model.network);
  const { showShapes = true, showLayerNames = true, showParams = false } = options;
  const expand = options.expandBlocks ?? nodes.length <= MOST_UNFOLDED;
  const graph = drawnGraph(nodes, { showShapes, showLayerNames, showParams }, !expand);
  const chain = asChain(graph);
  if (expand || chain === undefined || chain.length <= MOST_CHAIN_BOXES) return graph;
  const merged = mergeRepeats(chain);
  const edges = merged
    .slice(1)
    .map(({ id }, i) => ({ from: merged[i].id, to: id, isShortcut: false }));
  return { nodes: merged, edges };
}

/**
 * A model as a drawing: boxes for layers and residual blocks, lines for tensors. Blocks are recognised by
 * their structure, an addition of a branch and a shortcut.
 * @returns SVG. @throws {ValueError} for a direction that is none, or more boxes than can be read.
 */
export function drawModel(model: Drawable, options: DrawModelOptions = {}): string {
  const { rankdir = 'TB' } = options;
  if (!['TB', 'BT', 'LR', 'RL'].includes(rankdir)) {
    throw new ValueError(`rankdir must be TB, BT, LR or RL, got '${rankdir}'`);
  }
  const { total } = countParameters(model.network);
  const title = options.title ?? model.name;
  const subtitle =
    options.subtitle ?? `${model.network.layers.length} layers, ${grouped(total)} parameters`;
  return drawGraph(modelDrawing(model, options), rankdir, { ...options, title, subtitle });
}

/** Whether options ask for something that the paper's drawing does not have. */
function asksForBoxes(options: DrawModelOptions): boolean {
  const { showShapes = true, showLayerNames = true, showParams = false, rankdir = 'TB' } = options;
  const asWritten = showShapes && showLayerNames && !showParams && rankdir === 'TB';
  return !asWritten || options.expandBlocks !== undefined;
}

/**
 * Models side by side, one box for each convolution, as in Fig. 3 of He et al. (2015). Where a model is no
 * row of layers and residual blocks, or an option asks for other boxes or another direction, each is drawn
 * as by `drawModel`, with its blocks folded unless `expandBlocks` is true; below each other where they go
 * from left to right.
 * @returns SVG. @throws {ValueError} for no models, or a direction that is none.
 */
export function drawModels(models: readonly Drawable[], options: DrawModelOptions = {}): string {
  if (models.length === 0) throw new ValueError('a comparison needs at least one model');
  const paths = asksForBoxes(options)
    ? []
    : models.map(({ name, network }) => {
        const nodes = modelGraph(network);
        const path = mainPath(nodes, findResidualBlocks(nodes));
        return path && { name, path, params: countParameters(network).total };
      });
  const drawn = paths.filter((path) => path !== undefined);
  if (drawn.length === models.length) return drawComparison(drawn, options);
  const figures = models.map((model) => {
    const { title: _, subtitle: __, ...own } = options;
    return drawModel(model, { expandBlocks: false, ...own, theme: 'auto' });
  });
  const level = options.rankdir === 'LR' || options.rankdir === 'RL';
  return smallMultiples({ ...options, figures, columns: level ? 1 : figures.length });
}
