import type { IrGraph } from '../ops/ir.js';

/** Drops operations whose results nobody needs. */
export function removeUnused(graph: IrGraph): IrGraph {
  const needed = new Set([...graph.results, ...graph.updates].map(({ value }) => value.id));
  graph.operations = graph.operations
    .reverse()
    .filter((operation) => {
      const used = Object.values(operation.outputs).some((output) => needed.has(output.id));
      if (used) for (const input of Object.values(operation.inputs)) needed.add(input.id);
      return used;
    })
    .reverse();
  return graph;
}
