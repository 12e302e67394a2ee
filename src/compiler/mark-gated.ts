import type { IrGraph, Value } from '../ops/ir.js';
import { commonGates, type Gate, withGate } from '../plan/gate.js';

/**
 * Finds the operations whose results are read only while gates are open, and lets them run only then. To
 * store a value in the state is no use of it: a state that such an operation would change stays as it was.
 * @param kept values that must be there in every step, besides the results.
 */
export function markGated(graph: IrGraph, kept: readonly Value[]): IrGraph {
  if (!graph.operations.some(({ definition }) => definition.gated !== undefined)) return graph;
  /** By value, the gates that are open whenever it is read. */
  const readers = new Map<number, readonly Gate[]>();
  const read = (value: Value, gates: readonly Gate[]) => {
    const known = readers.get(value.id);
    readers.set(value.id, known === undefined ? gates : commonGates(known, gates));
  };
  for (const value of [...kept, ...graph.results.map((result) => result.value)]) read(value, []);
  const stored = new Set(graph.updates.map(({ value }) => value.id));
  graph.operations = graph.operations
    .reverse()
    .map((operation) => {
      const outputs = Object.values(operation.outputs);
      const uses = outputs.flatMap(({ id }) => {
        const gates = readers.get(id);
        return gates === undefined ? [] : [gates];
      });
      // What nobody uses is no user either.
      if (uses.length === 0 && !outputs.some(({ id }) => stored.has(id))) return operation;
      const gates = uses.length === 0 ? [] : uses.reduce(commonGates);
      const gated = operation.definition.gated?.(operation.attributes);
      for (const [name, value] of Object.entries(operation.inputs)) {
        read(value, gated?.input === name ? withGate(gates, gated.gate) : gates);
      }
      return gates.length === 0 ? operation : { ...operation, gates };
    })
    .reverse();
  return graph;
}
