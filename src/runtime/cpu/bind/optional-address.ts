import type { BufferId } from '../../../plan/kernels.js';
import type { BindContext } from '../binding.js';

/** Byte address of an operand, or 0 when it is absent. */
export function optionalAddress(context: BindContext, buffer: BufferId | undefined): number {
  return buffer === undefined ? 0 : context.address(buffer);
}
