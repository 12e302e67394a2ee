import { kernelSpecs, type OperandSizes } from './kernel-spec.js';
import type { KernelCall, KernelName } from './kernels.js';

const BYTES_PER_ELEMENT = 4;

/** What a call costs, as its kernel declares it. */
export interface CallCost {
  /** Multiply-adds of useful work in a mean step, counted as 2 each; 0 where a call only moves and combines elements. */
  readonly flops: number;
  /** Bytes that it has to read and write at least in a mean step, each operand once, without workspace. */
  readonly bytes: number;
  /** How it is computed, where the compiler chose among several ways. */
  readonly algorithm: string | undefined;
}

/**
 * The cost of a call by its kernel's own declaration; calls that run only while gates are so count by the
 * share of the steps in which they do.
 * @param replicas of the plan that the call is part of.
 */
export function callCost(call: KernelCall, replicas: number): CallCost {
  return costOf(call.kernel, call, replicas);
}

function costOf<K extends KernelName>(
  kernel: K,
  call: KernelCall & { kernel: K },
  replicas: number,
): CallCost {
  const spec = kernelSpecs[kernel];
  const { attributes } = call;
  const sizes: OperandSizes<K> = spec.sizes(attributes, replicas);
  const touched = elements(sizes.reads, call.reads) + elements(sizes.writes, call.writes);
  const { gates = [], every = 1 } = call;
  const open = gates.reduce(
    (product, gate) => product * (gate.open ? 1 - gate.rate : gate.rate),
    1,
  );
  const share = open / every;
  return {
    flops: share * spec.flops(attributes),
    bytes: share * BYTES_PER_ELEMENT * touched,
    algorithm: spec.algorithm(attributes),
  };
}

/** Elements that a call touches of the operands that it has. */
function elements(
  sizes: OperandSizes<KernelName>['reads' | 'writes'],
  operands: Readonly<Record<string, number | undefined>>,
): number {
  return Object.entries(sizes).reduce((sum, [name, size]) => {
    if (operands[name] === undefined) return sum;
    return sum + (typeof size === 'number' ? size : (size.touched ?? size.atLeast));
  }, 0);
}
