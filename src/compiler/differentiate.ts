import { GraphError } from '../core/errors.js';
import { add } from '../ops/binary.js';
import { fill } from '../ops/fill.js';
import type { IrGraph, Operation, Value } from '../ops/ir.js';

/**
 * Appends the operations that compute the gradient of `loss` (an array of one element) with respect to
 * `wanted`, by the chain rule in reverse order. Where a value is used several times its gradients are
 * added in the order in which they arise. Values on which the loss does not depend, or whose gradient
 * is exactly zero, are absent from the result.
 * @throws {GraphError} when an operation on the way has no gradient.
 */
export function differentiate(
  graph: IrGraph,
  loss: Value,
  wanted: readonly Value[],
): Map<Value, Value> {
  const active = new Set(wanted.map((value) => value.id));
  for (const operation of graph.operations) {
    if (!Object.values(operation.inputs).some((input) => active.has(input.id))) continue;
    for (const output of Object.values(operation.outputs)) active.add(output.id);
  }
  const gradients = new Map<number, Value>();
  const forward = [...graph.operations];
  graph.phase = 'backward';
  gradients.set(loss.id, fill(graph, loss.shape, 1));
  for (const operation of forward.reverse()) {
    propagate(graph, operation, active, gradients);
  }
  const result = new Map<Value, Value>();
  for (const value of wanted) {
    const gradient = gradients.get(value.id);
    if (gradient !== undefined) result.set(value, gradient);
  }
  return result;
}

function propagate(
  graph: IrGraph,
  operation: Operation,
  active: ReadonlySet<number>,
  gradients: Map<number, Value>,
): void {
  const douts: Record<string, Value> = {};
  for (const [name, output] of Object.entries(operation.outputs)) {
    const gradient = gradients.get(output.id);
    if (gradient !== undefined) douts[name] = gradient;
  }
  const isActive = Object.values(operation.inputs).some((input) => active.has(input.id));
  if (!isActive || Object.keys(douts).length === 0) return;
  const { definition, inputs, outputs, attributes } = operation;
  if (definition.gradient === undefined) {
    throw new GraphError(
      `operation '${definition.name}' of layer '${operation.source}' has no gradient, but the loss depends on weights through it`,
    );
  }
  graph.source = operation.source;
  const needs = (name: string) => inputs[name] !== undefined && active.has(inputs[name].id);
  const dinputs = definition.gradient({ graph, inputs, outputs, attributes, douts, needs });
  for (const [name, gradient] of Object.entries(dinputs)) {
    if (gradient === undefined || !needs(name)) continue;
    const { id } = inputs[name];
    const earlier = gradients.get(id);
    gradients.set(id, earlier === undefined ? gradient : add(earlier, gradient));
  }
}
