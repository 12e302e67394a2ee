import { sizeOf } from '../core/shape.js';
import type { Gate } from '../plan/gate.js';
import { affine } from './affine.js';
import type { LoweringScope, OpDefinition, Value } from './ir.js';

interface GateAttributes {
  gate: Gate;
}

/** y = x while the gate is open: x is computed where y lies if it is there for y alone, else copied. */
function lowerOpen(scope: LoweringScope<GateAttributes>): void {
  const { x } = scope.inputs;
  const { y } = scope.outputs;
  const { gate } = scope.attributes;
  if (scope.isOwn(x, gate)) {
    scope.view(x, y);
    return;
  }
  const attributes = { size: sizeOf(y.shape), scale: 1, offset: 0 };
  scope.when(gate, true, () => scope.call('affine', { x }, { y }, attributes));
}

/**
 * y = x in steps in which the gate is open, else 0. While it is closed nobody reads x, so that whatever
 * only x needs is left out of the step. The gradient of x is that of y, and wanted only while the gate is
 * open.
 */
export const gateOp: OpDefinition<GateAttributes> = {
  name: 'gate',
  infer: ({ x }) => ({ y: x }),
  gated: ({ gate }) => ({ input: 'x', gate }),
  gradient: ({ douts }) => ({ x: douts.y }),
  lower(scope) {
    lowerOpen(scope);
    const { y } = scope.outputs;
    const attributes = { size: sizeOf(y.shape), value: 0 };
    scope.when(scope.attributes.gate, false, () => scope.call('fill', {}, { y }, attributes));
  },
};

/** y = x in steps in which the gate is open, else `closed`. Passes make it of sums, after differentiation. */
export const joinOp: OpDefinition<GateAttributes> = {
  name: 'join',
  infer: ({ x }) => ({ y: x }),
  gated: ({ gate }) => ({ input: 'x', gate }),
  lower(scope) {
    lowerOpen(scope);
    const { y } = scope.outputs;
    const reads = { x: scope.inputs.closed };
    const attributes = { size: sizeOf(y.shape), scale: 1, offset: 0 };
    scope.when(scope.attributes.gate, false, () => {
      scope.call('affine', reads, { y }, attributes);
    });
  },
};

/** x in steps in which the gate is open, else zeros. */
export function gate(x: Value, attributes: Gate): Value {
  return x.graph.add(gateOp, { x }, { gate: attributes }).y;
}

/** With probability `rate` the whole of x is 0 and not computed; in other steps it is x / (1 − rate). */
export function dropPath(x: Value, rate: number, stream: number): Value {
  return gate(affine(x, 1 / (1 - rate)), { rate, stream });
}
