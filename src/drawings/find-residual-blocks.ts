import type { GraphNode } from './model-graph.js';

/**
 * What a block adds to its branch: the input itself, the input brought to the new shape without weights
 * (option A of He et al., 2015), or a convolution of it (option B).
 */
export type ShortcutKind = 'identity' | 'padded' | 'projection';

/** A residual block: shortcut(x) + F(x). */
export interface ResidualBlock {
  /** Id of the call that gives x. */
  readonly from: number;
  /** Id of the addition. */
  readonly add: number;
  /** Calls of F, in execution order. */
  readonly branch: readonly number[];
  /** Calls on the shortcut, in execution order; none for the identity. */
  readonly shortcut: readonly number[];
  readonly shortcutKind: ShortcutKind;
  /** Calls that only lead from x to both sides, such as the activation that v2 shares. */
  readonly shared: readonly number[];
  /** The activation after the addition, where nothing else uses the sum. */
  readonly tail: number | undefined;
}

/** The nearest call through which every way to a call leads, for each call; −1 for none. */
function dominators(nodes: readonly GraphNode[]): number[] {
  const above: number[] = [];
  for (const { id, inputs } of nodes) {
    let common = inputs.length === 0 ? -1 : inputs[0];
    for (const input of inputs) {
      let other = input;
      while (common !== other) {
        if (common > other) common = above[common];
        else other = above[other];
        if (common === -1 || other === -1) {
          common = -1;
          break;
        }
      }
    }
    above[id] = common;
  }
  return above;
}

/** Every call on a way from `from` (not itself) to `to` (itself included). */
function between(nodes: readonly GraphNode[], from: number, to: number): Set<number> {
  const found = new Set<number>();
  const stack = to === from ? [] : [to];
  for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    for (const input of nodes[id].inputs) if (input !== from) stack.push(input);
  }
  return found;
}

const weighty = (nodes: readonly GraphNode[], ids: Iterable<number>) => {
  let count = 0;
  for (const id of ids) {
    const { kind } = nodes[id];
    if (kind === 'convolution' || kind === 'dense') count++;
  }
  return count;
};

function blockOf(
  nodes: readonly GraphNode[],
  add: number,
  from: number,
): ResidualBlock | undefined {
  const [first, second] = nodes[add].inputs;
  const sides = [between(nodes, from, first), between(nodes, from, second)] as const;
  const inside = new Set([...sides[0], ...sides[1]]);
  for (const id of inside) {
    const { consumers, isOutput } = nodes[id];
    if (isOutput || consumers.some((user) => user !== add && !inside.has(user))) return undefined;
  }
  const own = (side: 0 | 1) =>
    [...sides[side]].filter((id) => !sides[1 - side].has(id)).sort((a, b) => a - b);
  const parts = [own(0), own(1)] as const;
  const weights = parts.map((part) => weighty(nodes, part));
  // The shortcut is the side with fewer layers that have weights; of equals, the shorter one.
  const shortcutSide =
    weights[0] !== weights[1]
      ? weights[0] < weights[1]
        ? 0
        : 1
      : parts[0].length < parts[1].length
        ? 0
        : 1;
  const [shortcut, branch] = [parts[shortcutSide], parts[1 - shortcutSide]];
  if (weights[shortcutSide] > 1 || weights[1 - shortcutSide] === 0) return undefined;
  const { consumers, isOutput } = nodes[add];
  const next = consumers.length === 1 && !isOutput ? nodes[consumers[0]] : undefined;
  const shared = [...sides[0]].filter((id) => sides[1].has(id)).sort((a, b) => a - b);
  return {
    from,
    add,
    branch,
    shortcut,
    shortcutKind:
      shortcut.length === 0 ? 'identity' : weights[shortcutSide] > 0 ? 'projection' : 'padded',
    shared,
    tail: next?.kind === 'activation' ? next.id : undefined,
  };
}

/**
 * The residual blocks of a network, found by structure alone: an addition of two values that meet again
 * in one earlier value x, with layers that have weights on one side and at most one such layer, the
 * projection, on the other. Blocks never overlap; of nested ones the inner is found.
 */
export function findResidualBlocks(nodes: readonly GraphNode[]): ResidualBlock[] {
  const above = dominators(nodes);
  const taken = new Set<number>();
  const blocks: ResidualBlock[] = [];
  for (const { id, className, inputs } of nodes) {
    if (className !== 'Add' || inputs.length !== 2 || above[id] === -1) continue;
    const block = blockOf(nodes, id, above[id]);
    if (block === undefined) continue;
    const inner = membersOf(block);
    if (inner.some((member) => taken.has(member))) continue;
    for (const member of inner) taken.add(member);
    blocks.push(block);
  }
  return blocks;
}

/** All calls of a block, in execution order; x itself is not one of them. */
export function membersOf(block: ResidualBlock): number[] {
  const { branch, shortcut, shared, add, tail } = block;
  const all = [...branch, ...shortcut, ...shared, add, ...(tail === undefined ? [] : [tail])];
  return all.sort((a, b) => a - b);
}
