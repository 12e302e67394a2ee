import { findResidualBlocks, membersOf, type ResidualBlock } from './find-residual-blocks.js';
import type { LayerKind } from './layer-phrase.js';
import { type GraphNode, shapeText } from './model-graph.js';

/** What boxes say. */
export interface BoxOptions {
  showShapes: boolean;
  showLayerNames: boolean;
  showParams: boolean;
}

/** A box of a drawing. */
export interface DrawnNode {
  readonly id: string;
  /** First line, set bold. */
  readonly title: string;
  /** Further lines. */
  readonly lines: readonly string[];
  readonly kind: LayerKind | 'block';
  /** What a reader sees who points at it. */
  readonly tooltip: string;
  /** Calls that it stands for. */
  readonly members: readonly number[];
  /** The block that it stands for. */
  readonly block?: ResidualBlock;
}

/** A line of a drawing. */
export interface DrawnEdge {
  readonly from: string;
  readonly to: string;
  /** Whether it belongs to a shortcut. */
  readonly isShortcut: boolean;
}

/** Boxes and lines, without places. */
export interface DrawnGraph {
  readonly nodes: readonly DrawnNode[];
  readonly edges: readonly DrawnEdge[];
}

/** `1,024`. */
export function grouped(count: number): string {
  return count.toLocaleString('en-US');
}

function facts(
  options: BoxOptions,
  inputs: readonly (readonly number[])[],
  output: readonly number[],
  params: number,
): string[] {
  const lines: string[] = [];
  if (options.showShapes) {
    const before = [...new Set(inputs.map(shapeText))].join(', ');
    const after = shapeText(output);
    lines.push(before === '' || before === after ? after : `${before} → ${after}`);
  }
  if (options.showParams && params > 0) lines.push(`${grouped(params)} params`);
  return lines;
}

function layerBox(node: GraphNode, options: BoxOptions): DrawnNode {
  const { name, phrase, className, inputShapes, outputShape, params } = node;
  const words = facts(options, inputShapes, outputShape, params);
  const tooltip = `${name} (${className}): ${inputShapes.map(shapeText).join(', ') || 'input'} → ${shapeText(outputShape)}, ${grouped(params)} params`;
  return {
    id: `n${node.id}`,
    title: phrase,
    lines: options.showLayerNames && name !== phrase ? [name, ...words] : words,
    kind: node.kind,
    tooltip,
    members: [node.id],
  };
}

/** What all names begin with, without a part that only numbers the layers. */
function commonName(names: readonly string[]): string {
  let prefix = names[0] ?? '';
  for (const name of names) while (!name.startsWith(prefix)) prefix = prefix.slice(0, -1);
  prefix = prefix.replace(/[_/.-]+$/, '').replace(/_branch\d*$/, '');
  const isGenerated = /^(conv2d|batch_normalization|activation|dense|re_lu)?[_\d]*$/.test(prefix);
  return isGenerated || prefix.length < 3 ? '' : prefix;
}

/** The layers with weights of a block, in few characters: `1×1, 64 → 3×3, 64 → 1×1, 256`. */
export function branchPhrase(nodes: readonly GraphNode[], ids: readonly number[]): string {
  return ids
    .map((id) => nodes[id])
    .filter(({ kind }) => kind === 'convolution' || kind === 'dense')
    .map(({ phrase }) => phrase.replace(' conv', ''))
    .join(' → ');
}

function shortcutPhrase(nodes: readonly GraphNode[], block: ResidualBlock): string {
  if (block.shortcutKind === 'identity') return '+ identity';
  if (block.shortcutKind === 'projection') return `+ ${branchPhrase(nodes, block.shortcut)}`;
  return '+ identity, padded';
}

function blockBox(
  nodes: readonly GraphNode[],
  block: ResidualBlock,
  number: number,
  options: BoxOptions,
): DrawnNode {
  const members = membersOf(block);
  const weighted = block.branch.map((id) => nodes[id]).filter(({ kind }) => kind === 'convolution');
  const name = commonName(weighted.map((node) => node.name)) || `block ${number}`;
  const params = members.reduce((sum, id) => sum + nodes[id].params, 0);
  const from = nodes[block.from];
  const shapes = facts(options, [from.outputShape], nodes[block.add].outputShape, params);
  const branch = branchPhrase(nodes, block.branch);
  return {
    id: `b${block.add}`,
    title: name,
    lines: [branch, shortcutPhrase(nodes, block), ...shapes],
    kind: 'block',
    tooltip: `${name}: ${members.length} layers, ${grouped(params)} params: ${members.map((id) => nodes[id].name).join(', ')}`,
    members,
    block,
  };
}

/** Lines between boxes, each once. */
function linesBetween(
  nodes: readonly GraphNode[],
  boxes: readonly DrawnNode[],
  blocks: readonly ResidualBlock[],
): DrawnEdge[] {
  const boxOf = new Map<number, string>();
  for (const { id, members } of boxes) for (const member of members) boxOf.set(member, id);
  const onShortcut = new Set<string>();
  for (const { from, add, shortcut } of blocks) {
    const path = [from, ...shortcut, add];
    path.slice(1).forEach((id, i) => {
      onShortcut.add(`${path[i]} ${id}`);
    });
  }
  const seen = new Set<string>();
  const edges: DrawnEdge[] = [];
  for (const { id, inputs } of nodes) {
    const to = boxOf.get(id);
    for (const input of inputs) {
      const from = boxOf.get(input);
      if (from === undefined || to === undefined || from === to) continue;
      const key = `${from} ${to}`;
      if (seen.has(key)) continue;
      seen.add(key);
      edges.push({ from, to, isShortcut: onShortcut.has(`${input} ${id}`) });
    }
  }
  return edges;
}

/**
 * Boxes and lines of a network.
 * @param folded whether each residual block is one box.
 * @param only the calls to draw; default all.
 */
export function drawnGraph(
  nodes: readonly GraphNode[],
  options: BoxOptions,
  folded: boolean,
  only?: ReadonlySet<number>,
): DrawnGraph {
  const blocks = findResidualBlocks(nodes);
  const inBlock = new Map<number, DrawnNode>();
  if (folded) {
    blocks.forEach((block, i) => {
      const box = blockBox(nodes, block, i + 1, options);
      for (const member of box.members) inBlock.set(member, box);
    });
  }
  const boxes = new Set<DrawnNode>();
  for (const node of nodes) {
    if (only !== undefined && !only.has(node.id)) continue;
    boxes.add(inBlock.get(node.id) ?? layerBox(node, options));
  }
  const list = [...boxes];
  return { nodes: list, edges: linesBetween(nodes, list, folded ? [] : blocks) };
}

/** The boxes from first to last where each has one line to the next and nothing else; else undefined. */
export function asChain({ nodes, edges }: DrawnGraph): readonly DrawnNode[] | undefined {
  if (edges.length !== nodes.length - 1) return undefined;
  const isChain = edges.every(({ from, to }, i) => from === nodes[i].id && to === nodes[i + 1].id);
  return isChain ? nodes : undefined;
}

/** Boxes of equal blocks that follow each other, as one box with their number. */
export function mergeRepeats(chain: readonly DrawnNode[]): DrawnNode[] {
  const merged: { box: DrawnNode; count: number; last: DrawnNode }[] = [];
  const signature = ({ kind, lines }: DrawnNode) => `${kind}\n${lines.join('\n')}`;
  for (const box of chain) {
    const before = merged.at(-1);
    if (before !== undefined && box.kind === 'block' && signature(before.box) === signature(box)) {
      before.count++;
      before.last = box;
    } else {
      merged.push({ box, count: 1, last: box });
    }
  }
  return merged.map(({ box, count, last }) =>
    count === 1 ? box : { ...box, title: `${box.title} … ${last.title}  (× ${count})` },
  );
}
