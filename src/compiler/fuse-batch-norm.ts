import { sameShape } from '../core/shape.js';
import { type BatchNormAttributes, batchNormOp } from '../ops/batch-norm.js';
import { biasAddOp } from '../ops/bias-add.js';
import { binaryOp } from '../ops/binary.js';
import type { IrGraph, OpDefinition, Operation, Value } from '../ops/ir.js';
import { unaryOp } from '../ops/unary.js';
import { sameGates } from '../plan/gate.js';
import { Consumers } from './consumers.js';

function is<A>(
  operation: Operation | undefined,
  definition: OpDefinition<A>,
): operation is Operation & { attributes: A } {
  return operation?.definition === definition;
}

/** Replaces operations: `place` turns into `fused` (which must give `place`'s outputs), `gone` vanish. */
function replace(graph: IrGraph, place: Operation, fused: Operation, gone: Operation): void {
  graph.operations = graph.operations
    .filter((operation) => operation !== gone)
    .map((operation) => (operation === place ? fused : operation));
}

/**
 * Whether the normalisation may run as late as `place`: a shared layer is called again in between where
 * the second call reads the statistics that the first has moved.
 */
function canWait(graph: IrGraph, norm: Operation, place: Operation): boolean {
  const outputs = new Set(Object.values(norm.outputs).map(({ id }) => id));
  const { operations } = graph;
  return operations
    .slice(operations.indexOf(norm) + 1, operations.indexOf(place))
    .every(({ inputs }) => Object.values(inputs).every(({ id }) => !outputs.has(id)));
}

/**
 * conv → bias → batch normalisation: the bias moves into the normalisation, which never adds it to the
 * data. With batch statistics it cancels out of the result, and its gradient is exactly zero instead of
 * rounding noise. With frozen statistics that holds only while no gradient is wanted.
 */
export function fuseBatchNormBias(graph: IrGraph, differentiable: boolean): IrGraph {
  const consumers = new Consumers(graph);
  for (const norm of graph.operations) {
    if (!is(norm, batchNormOp)) continue;
    const biasAdd = consumers.producer(norm.inputs.x);
    if (!is(biasAdd, biasAddOp) || consumers.soleReader(norm.inputs.x) !== norm) continue;
    if (differentiable && !norm.attributes.batchStatistics) continue;
    const inputs = { ...norm.inputs, x: biasAdd.inputs.x, bias: biasAdd.inputs.bias };
    replace(graph, norm, { ...norm, inputs }, biasAdd);
    graph.noteFusion('batchNorm + bias', norm, biasAdd);
  }
  return graph;
}

/** batch normalisation → add: the other operand becomes the normalisation's residual. */
export function fuseBatchNormResidual(graph: IrGraph): IrGraph {
  for (let at = 0; at < graph.operations.length; at++) {
    const add = graph.operations[at];
    if (!is(add, binaryOp) || add.attributes.fn !== 'add') continue;
    const { a, b } = add.inputs;
    if (!sameShape(a.shape, b.shape) || a === b) continue;
    const consumers = new Consumers(graph);
    for (const [own, residual] of [
      [a, b],
      [b, a],
    ] as [Value, Value][]) {
      const norm = consumers.producer(own);
      if (!is(norm, batchNormOp) || consumers.soleReader(own) !== add) continue;
      if (norm.inputs.residual !== undefined || norm.attributes.relu) continue;
      if (!canWait(graph, norm, add) || !sameGates(norm.gates, add.gates)) continue;
      const fused: Operation = {
        ...norm,
        inputs: { ...norm.inputs, residual },
        outputs: { ...norm.outputs, y: add.outputs.y },
      };
      replace(graph, add, fused, norm);
      graph.noteFusion('batchNorm + add', norm, add);
      at--;
      break;
    }
  }
  return graph;
}

/** batch normalisation → relu: one pass over the data. */
export function fuseBatchNormRelu(graph: IrGraph): IrGraph {
  const consumers = new Consumers(graph);
  for (const relu of graph.operations) {
    if (!is(relu, unaryOp) || relu.attributes.fn !== 'relu') continue;
    const norm = consumers.producer(relu.inputs.x);
    if (!is(norm, batchNormOp) || consumers.soleReader(relu.inputs.x) !== relu) continue;
    if (!canWait(graph, norm, relu)) continue;
    const attributes: BatchNormAttributes = { ...norm.attributes, relu: true };
    const outputs = { ...norm.outputs, y: relu.outputs.y };
    replace(graph, relu, { ...norm, attributes, outputs }, norm);
    graph.noteFusion('batchNorm + relu', norm, relu);
  }
  return graph;
}
