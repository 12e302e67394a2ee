import { ValueError } from '../../core/errors.js';
import type { Variable } from '../../graph/variable.js';
import type { Model } from '../../models/model.js';
import { IrGraph, type Operation, type Value } from '../../ops/ir.js';

/** Batches of two sizes are traced: what differs between them depends on the batch. */
const BATCHES = [2, 3] as const;

/** A size of an axis: a number, or the batch, which may be multiplied (folded into another axis). */
export type TracedSize = number | { readonly batches: number };

/** One operation, traced for two batch sizes. */
export interface TracedOperation extends Operation {
  /** Attributes for the second batch size; where a number differs, it depends on the batch. */
  readonly otherAttributes: unknown;
}

/** What a model computes in inference, for a batch of any size. */
export interface InferenceTrace {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly operations: readonly TracedOperation[];
  /** The weights behind values that no operation computes. */
  readonly variables: ReadonlyMap<Value, { readonly entry: string; readonly variable: Variable }>;
  /**
   * The shape of a value with the batch left open.
   * @throws {ValueError} when a size depends on the batch in another way than being a multiple of it.
   */
  shapeOf(value: Value): TracedSize[];
}

interface Emission {
  readonly graph: IrGraph;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly variables: Map<Value, { readonly entry: string; readonly variable: Variable }>;
}

function emit(model: Model, batch: number): Emission {
  const graph = new IrGraph({ replica: 0, shares: [batch] });
  const entries = new Map(model.namedVariables.map(({ entry, variable }) => [variable, entry]));
  const inputs = model.inputNames.map((name, i) => graph.input(name, model.inputShapes[i]));
  const values = new Map<Variable, Value>();
  const variables: Emission['variables'] = new Map();
  const read = (variable: Variable): Value => {
    const known = values.get(variable);
    if (known !== undefined) return known;
    const entry = entries.get(variable) ?? variable.name;
    const value = graph.variable(entry, variable.shape);
    values.set(variable, value);
    variables.set(value, { entry, variable });
    return value;
  };
  const outputs = model.emit(inputs, { training: false, read, update: () => undefined });
  return { graph, inputs, outputs, variables };
}

/**
 * Emits a model for inference. Values of the second emission have the same numbers as those of the
 * first, because layers emit the same operations for every batch size.
 * @throws {ValueError} when they do not.
 */
export function traceInference(model: Model): InferenceTrace {
  const [first, second] = BATCHES.map((batch) => emit(model, batch));
  const others = second.graph.operations;
  const operations = first.graph.operations.map((operation, i): TracedOperation => {
    if (others[i]?.definition !== operation.definition) throw differs(operation.source);
    return { ...operation, otherAttributes: others[i].attributes };
  });
  const otherShapes = new Map<number, readonly number[]>();
  for (const value of [...second.inputs, ...second.variables.keys()]) {
    otherShapes.set(value.id, value.shape);
  }
  for (const { outputs } of others) {
    for (const value of Object.values(outputs)) otherShapes.set(value.id, value.shape);
  }
  return {
    inputs: first.inputs,
    outputs: first.outputs,
    variables: first.variables,
    operations,
    shapeOf(value) {
      const other = otherShapes.get(value.id);
      if (other?.length !== value.shape.length) throw differs(value.name);
      return value.shape.map((size, axis): TracedSize => {
        if (size === other[axis]) return size;
        const batches = size / BATCHES[0];
        if (Number.isInteger(batches) && other[axis] === batches * BATCHES[1]) return { batches };
        throw differs(value.name);
      });
    },
  };
}

function differs(name: string): ValueError {
  return new ValueError(
    `'${name}' computes something else for every batch size, so it cannot be written for a batch of any size`,
  );
}
