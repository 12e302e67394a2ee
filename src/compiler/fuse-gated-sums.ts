import { sameShape } from '../core/shape.js';
import { binaryOp } from '../ops/binary.js';
import { gateOp, joinOp } from '../ops/gate.js';
import type { IrGraph, Operation, Value } from '../ops/ir.js';
import { type Gate, sameGates, withGate } from '../plan/gate.js';
import { Consumers } from './consumers.js';
import { fuseBatchNormResidual } from './fuse-batch-norm.js';

/**
 * add(a, gate(x)): while the gate is open the sum is computed as ever, and while it is closed it is a,
 * instead of a sum with zeros. At a residual block that is the shortcut, and on the way back the gradient
 * that comes through it. The sum may then be fused with what computes x, such as a normalisation.
 */
export function fuseGatedSums(graph: IrGraph): IrGraph {
  if (!graph.operations.some(({ definition }) => definition === gateOp)) return graph;
  for (let at = 0; at < graph.operations.length; at++) {
    const add = graph.operations[at];
    if (add.definition !== binaryOp || (add.attributes as { fn: string }).fn !== 'add') continue;
    const { a, b } = add.inputs;
    if (a === b || !sameShape(a.shape, b.shape)) continue;
    const consumers = new Consumers(graph);
    const own = [b, a].find((value) => {
      const producer = consumers.producer(value);
      const fits = producer?.definition === gateOp && sameGates(producer.gates, add.gates);
      return fits && consumers.soleReader(value) === add;
    });
    const producer = own && consumers.producer(own);
    if (own === undefined || producer === undefined) continue;
    const rest = own === a ? b : a;
    graph.operations.splice(at, 1, ...gatedSum(graph, add, producer, rest));
    graph.operations.splice(graph.operations.indexOf(producer), 1);
    graph.noteFusion('gate + add', add, producer);
  }
  return fuseBatchNormResidual(graph);
}

/** The sum of the gate's x and `rest` under the gate, and its join with `rest`. */
function gatedSum(
  graph: IrGraph,
  add: Operation,
  producer: Operation,
  rest: Value,
): [Operation, Operation] {
  const { gate } = producer.attributes as { gate: Gate };
  const { y } = add.outputs;
  const sum = graph.value(y.name, y.shape);
  const gates = withGate(add.gates ?? [], gate);
  return [
    { ...add, inputs: { a: rest, b: producer.inputs.x }, outputs: { y: sum }, gates },
    { ...add, definition: joinOp, inputs: { x: sum, closed: rest }, attributes: { gate } },
  ];
}
