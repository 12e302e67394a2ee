import type { BindContext } from '../binding.js';
import type { BoundCall } from '../bound-call.js';

/** Sets `size` elements from the address `target` on to zero. */
export function bindZero({ memory }: BindContext, target: number, size: number): BoundCall {
  const view = new Float32Array(memory.buffer, target, size);
  return () => {
    view.fill(0);
  };
}
