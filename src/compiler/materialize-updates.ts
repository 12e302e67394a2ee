import { affine } from '../ops/affine.js';
import type { IrGraph, Operation } from '../ops/ir.js';

/**
 * Gives every state update a value of its own: one that an operation computes (no view, nothing fed or
 * read) and that is stored in one place only. Others are copied first.
 */
export function materializeUpdates(graph: IrGraph): IrGraph {
  const own = new Set<number>();
  const gates = new Map<number, Operation['gates']>();
  for (const operation of graph.operations) {
    for (const output of Object.values(operation.outputs)) {
      gates.set(output.id, operation.gates);
      if (!operation.definition.view) own.add(output.id);
    }
  }
  graph.source = '';
  graph.updates.forEach((update, i) => {
    if (own.delete(update.value.id)) return;
    graph.gates = gates.get(update.value.id) ?? [];
    graph.updates[i] = { value: affine(update.value, 1), entry: update.entry };
  });
  graph.gates = [];
  return graph;
}
