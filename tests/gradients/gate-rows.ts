import { add, multiply } from '../../src/ops/binary.js';
import { dropPath, gate } from '../../src/ops/gate.js';
import type { Value } from '../../src/ops/ir.js';
import { square } from '../../src/ops/unary.js';
import { drawGate, type Gate, isOpen } from '../../src/plan/gate.js';
import { type GradientRow, normal } from './gradient-row.js';

/** Step and seed of the runs of the rows. */
const [STEP, SEED] = [1, 5];
const RATE = 0.4;
const SHAPE = [2, 5];

/** The gate number `place` of those that are so in the runs of the rows. */
function gateThatIs(state: 'open' | 'closed', place = 0): Gate {
  const gates = Array.from({ length: 64 }, (_, stream) => ({ stream, rate: RATE }));
  return gates.filter(({ stream, rate }) => {
    return isOpen(drawGate(stream, STEP, SEED), rate) === (state === 'open');
  })[place];
}

const operands = { x: normal('x', SHAPE), w: normal('w', SHAPE), v: normal('v', SHAPE) };

/** x + gate(w · x² · gate(v · x²)): one gate inside another. */
function nested({ x, w, v }: Readonly<Record<string, Value>>, outer: Gate, inner: Gate): Value {
  return add(x, gate(multiply(multiply(w, square(x)), gate(multiply(v, square(x)), inner)), outer));
}

/** Branches that may be left out, with gradients into and out of them. */
export const gateRows: readonly GradientRow[] = [
  ...(['open', 'closed'] as const).flatMap((state): GradientRow[] => {
    const one = gateThatIs(state);
    const { x, w } = operands;
    const zero = state === 'closed' ? ['w'] : [];
    return [
      {
        title: `a branch whose gate is ${state}`,
        ops: [],
        operands: { x, w },
        zero,
        build: ({ x, w }) => add(x, dropPath(multiply(w, square(x)), RATE, one.stream)),
      },
      {
        title: `a value used inside and outside a branch whose gate is ${state}`,
        ops: [],
        operands: { x, w },
        build: ({ x, w }) => {
          const shared = multiply(w, square(x));
          return add(multiply(gate(square(shared), one), shared), add(gate(shared, one), shared));
        },
      },
      {
        title: `one gate at two branches, ${state}`,
        ops: [],
        operands: { x, w },
        zero,
        build: ({ x, w }) => {
          const first = add(gate(multiply(w, square(x)), one), x);
          return add(first, gate(multiply(w, square(first)), one));
        },
      },
    ];
  }),
  {
    title: 'an open gate inside an open one',
    ops: [],
    operands,
    build: (values) => nested(values, gateThatIs('open'), gateThatIs('open', 1)),
  },
  {
    title: 'a closed gate inside an open one',
    ops: [],
    operands,
    zero: ['v', 'w'],
    build: (values) => nested(values, gateThatIs('open'), gateThatIs('closed')),
  },
  {
    title: 'an open gate inside a closed one',
    ops: [],
    operands,
    zero: ['v', 'w'],
    build: (values) => nested(values, gateThatIs('closed'), gateThatIs('open')),
  },
  {
    title: 'a gate inside itself',
    ops: [],
    operands,
    build: (values) => nested(values, gateThatIs('open'), gateThatIs('open')),
  },
];
