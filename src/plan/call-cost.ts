import { kernelSpecs, type OperandSizes } from './kernel-spec.js';
import type { KernelCall, KernelName } from './kernels.js';

const BYTES_PER_ELEMENT = 4;

/** What a call costs, as its kernel declares it. */
export interface CallCost {
  /** Multiply-adds of useful work, counted as 2 each; 0 where a call only moves and combines elements. */
  readonly flops: number;
  /** Bytes that it has to read and write at least, each operand once; workspace is not counted. */
  readonly bytes: number;
  /** How it is computed, where the compiler chose among several ways. */
  readonly algorithm: string | undefined;
}

/**
 * The cost of a call by its kernel's own declaration.
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
  return {
    flops: spec.flops(attributes),
    bytes:
      BYTES_PER_ELEMENT * (elements(sizes.reads, call.reads) + elements(sizes.writes, call.writes)),
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
