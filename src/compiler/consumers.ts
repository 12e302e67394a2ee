import type { IrGraph, Operation, Value } from '../ops/ir.js';

/** Who uses the values of a graph, and who computes them; a snapshot that a rewriting pass consults. */
export class Consumers {
  readonly #readers = new Map<number, Operation[]>();
  readonly #producers = new Map<number, Operation>();
  readonly #kept = new Set<number>();

  /** @param graph the graph to look at. */
  constructor(graph: IrGraph) {
    for (const operation of graph.operations) {
      for (const input of Object.values(operation.inputs)) {
        const readers = this.#readers.get(input.id);
        if (readers === undefined) this.#readers.set(input.id, [operation]);
        else readers.push(operation);
      }
      for (const output of Object.values(operation.outputs)) {
        this.#producers.set(output.id, operation);
      }
    }
    for (const { value } of [...graph.results, ...graph.updates]) this.#kept.add(value.id);
  }

  /** The operation that computes the value, unless it is fed or read from the state. */
  producer(value: Value): Operation | undefined {
    return this.#producers.get(value.id);
  }

  /** The only operation that reads the value; undefined when others, or the caller, need it too. */
  soleReader(value: Value): Operation | undefined {
    const readers = this.#readers.get(value.id) ?? [];
    return readers.length === 1 && !this.#kept.has(value.id) ? readers[0] : undefined;
  }
}
