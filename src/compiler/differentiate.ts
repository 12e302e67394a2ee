import { GraphError } from '../core/errors.js';
import { add } from '../ops/binary.js';
import { fill } from '../ops/fill.js';
import { gate as gateOf } from '../ops/gate.js';
import type { IrGraph, Operation, Value } from '../ops/ir.js';
import { type Gate, hasGate, withGate } from '../plan/gate.js';

/**
 * Appends the operations that compute the gradient of `loss` (an array of one element) with respect to
 * `wanted`, by the chain rule in reverse order. Where a value is used several times its gradients are
 * added in the order in which they arise. Values on which the loss does not depend, or whose gradient
 * is exactly zero, are absent from the result. The gradient of an operation that runs only while gates are
 * open runs only then, and counts as zero in other steps; the gradient of a value is there whenever the
 * value is.
 * @throws {GraphError} when an operation on the way has no gradient.
 */
export function differentiate(
  graph: IrGraph,
  loss: Value,
  wanted: readonly Value[],
): Map<Value, Value> {
  const active = new Set(wanted.map((value) => value.id));
  /** By value, the gates that are open whenever it is computed. */
  const gates = new Map<number, readonly Gate[]>();
  for (const operation of graph.operations) {
    const isActive = Object.values(operation.inputs).some((input) => active.has(input.id));
    for (const output of Object.values(operation.outputs)) {
      if (isActive) active.add(output.id);
      if (operation.gates !== undefined) gates.set(output.id, operation.gates);
    }
  }
  const gradients = new Map<number, Value>();
  const forward = [...graph.operations];
  graph.phase = 'backward';
  gradients.set(loss.id, fill(graph, loss.shape, 1));
  for (const operation of forward.reverse()) {
    propagate(graph, operation, { active, gates, gradients });
  }
  graph.gates = [];
  const result = new Map<Value, Value>();
  for (const value of wanted) {
    const gradient = gradients.get(value.id);
    if (gradient !== undefined) result.set(value, gradient);
  }
  return result;
}

/** What is known of values, by their ids. */
interface Knowledge {
  active: ReadonlySet<number>;
  gates: ReadonlyMap<number, readonly Gate[]>;
  gradients: Map<number, Value>;
}

function propagate(graph: IrGraph, operation: Operation, known: Knowledge): void {
  const { active, gradients } = known;
  const douts: Record<string, Value> = {};
  for (const [name, output] of Object.entries(operation.outputs)) {
    const gradient = gradients.get(output.id);
    if (gradient !== undefined) douts[name] = gradient;
  }
  const isActive = Object.values(operation.inputs).some((input) => active.has(input.id));
  if (!isActive || Object.keys(douts).length === 0) return;
  const { definition, inputs, outputs, attributes, gates = [] } = operation;
  if (definition.gradient === undefined) {
    throw new GraphError(
      `operation '${definition.name}' of layer '${operation.source}' has no gradient, but the loss depends on weights through it`,
    );
  }
  graph.source = operation.source;
  graph.gates = gates;
  const needs = (name: string) => inputs[name] !== undefined && active.has(inputs[name].id);
  const dinputs = definition.gradient({ graph, inputs, outputs, attributes, douts, needs });
  const gated = definition.gated?.(attributes);
  for (const [name, gradient] of Object.entries(dinputs)) {
    if (gradient === undefined || !needs(name)) continue;
    const { id } = inputs[name];
    const own = known.gates.get(id) ?? [];
    const around = gated?.input === name ? withGate(gates, gated.gate) : gates;
    const defined = leaveGates(graph, gradient, around, own);
    const earlier = gradients.get(id);
    gradients.set(id, earlier === undefined ? defined : add(earlier, defined));
  }
}

/**
 * A gradient that is computed, and not zero, only while the gates `around` it are open, for a value that is
 * there while those of `own` are: one by one the others are left, zeros taking its place. Leaves the graph
 * with the gates of the value.
 */
function leaveGates(
  graph: IrGraph,
  gradient: Value,
  around: readonly Gate[],
  own: readonly Gate[],
): Value {
  let result = gradient;
  graph.gates = around;
  for (const left of around.filter((gate) => !hasGate(own, gate))) {
    graph.gates = graph.gates.filter((gate) => gate !== left);
    result = gateOf(result, left);
  }
  return result;
}
