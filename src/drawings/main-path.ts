import { branchPhrase } from './drawn-graph.js';
import type { ResidualBlock, ShortcutKind } from './find-residual-blocks.js';
import type { GraphNode } from './model-graph.js';

/** Layers that one box stands for in the drawings of the paper: a convolution with what belongs to it. */
export interface PathStep {
  /** The layer that gives the box its name; without one, all of its layers do. */
  readonly main: GraphNode | undefined;
  readonly members: readonly GraphNode[];
}

/** A shortcut from the end of one step to the addition at another, by their places on the path. */
export interface PathShortcut {
  readonly from: number;
  readonly to: number;
  readonly kind: ShortcutKind;
  /** What stands on it, such as `1×1, 128, /2`. */
  readonly phrase: string;
}

/** A network as one path with shortcuts around parts of it. */
export interface MainPath {
  readonly steps: readonly PathStep[];
  readonly shortcuts: readonly PathShortcut[];
}

const belongsToOthers = new Set(['normalization', 'activation']);

function isMinor({ kind, className }: GraphNode): boolean {
  return belongsToOthers.has(kind) || className === 'ZeroPadding2D' || className === 'Dropout';
}

/** The calls that stand on no shortcut, if each follows the one before it. */
function mainCalls(
  nodes: readonly GraphNode[],
  blocks: readonly ResidualBlock[],
): GraphNode[] | undefined {
  const aside = new Set(blocks.flatMap((block) => block.shortcut));
  const identities = new Set(
    blocks.filter(({ shortcut }) => shortcut.length === 0).map(({ from, add }) => `${from} ${add}`),
  );
  const calls = nodes.filter(({ id }) => !aside.has(id));
  const follows = calls.every(({ id, inputs }, i) => {
    const main = inputs.filter((input) => !aside.has(input) && !identities.has(`${input} ${id}`));
    return i === 0 ? main.length === 0 : main.length === 1 && main[0] === calls[i - 1].id;
  });
  return follows ? calls : undefined;
}

/**
 * The main path of a network that is a row of layers and residual blocks; undefined for any other.
 * Normalisations, activations and paddings join the convolution before or, at the beginning, after them.
 */
export function mainPath(
  nodes: readonly GraphNode[],
  blocks: readonly ResidualBlock[],
): MainPath | undefined {
  const calls = mainCalls(nodes, blocks);
  if (calls === undefined) return undefined;
  const forks = new Set(blocks.map(({ from }) => from));
  const steps: { main: GraphNode | undefined; members: GraphNode[] }[] = [];
  const stepOf = new Map<number, number>();
  for (const node of calls) {
    const before = steps.at(-1);
    const last = before?.members.at(-1);
    // A shortcut begins between two boxes, so a fork ends its box.
    const joins =
      before !== undefined &&
      last !== undefined &&
      !forks.has(last.id) &&
      last.kind !== 'input' &&
      (isMinor(node) || (before.main === undefined && node.kind !== 'merge'));
    if (joins) {
      before.members.push(node);
      if (!isMinor(node)) before.main = node;
    } else {
      steps.push({ main: isMinor(node) ? undefined : node, members: [node] });
    }
    stepOf.set(node.id, steps.length - 1);
  }
  const aside = new Map(
    blocks.flatMap((block) => block.shortcut.map((id) => [id, block] as const)),
  );
  const shortcuts = blocks.flatMap((block): PathShortcut[] => {
    // A projection of v2 begins after the activation that it shares with the branch.
    const first = block.shortcut.length > 0 ? nodes[block.shortcut[0]].inputs[0] : block.from;
    const [from, to] = [stepOf.get(first), stepOf.get(block.add)];
    if (from === undefined || to === undefined || aside.has(block.from)) return [];
    const phrase = block.shortcutKind === 'projection' ? branchPhrase(nodes, block.shortcut) : '';
    return [{ from, to, kind: block.shortcutKind, phrase }];
  });
  return shortcuts.length === blocks.length ? { steps, shortcuts } : undefined;
}
