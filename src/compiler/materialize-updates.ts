import { affine } from '../ops/affine.js';
import type { IrGraph } from '../ops/ir.js';

/**
 * Gives every state update a value of its own: one that an operation computes (no view, nothing fed or
 * read) and that is stored in one place only. Others are copied first.
 */
export function materializeUpdates(graph: IrGraph): IrGraph {
  const own = new Set<number>();
  for (const operation of graph.operations) {
    if (operation.definition.view) continue;
    for (const output of Object.values(operation.outputs)) own.add(output.id);
  }
  graph.source = '';
  graph.updates.forEach((update, i) => {
    if (own.delete(update.value.id)) return;
    graph.updates[i] = { value: affine(update.value, 1), entry: update.entry };
  });
  return graph;
}
