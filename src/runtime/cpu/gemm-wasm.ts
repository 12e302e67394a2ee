import { defaultKernelChoice } from '../../plan/kernel-choice.js';
import type { GemmOperands, GemmProvider } from './gemm-provider.js';
import type { KernelExports } from './kernel-module.js';

/**
 * Matrix products by the SIMD kernel that ships with residuum: no dependency, works in browsers.
 * @param kernels compiled kernels over the replica's memory.
 * @param scratch byte address, aligned to 16, of `gemmScratchBytes()` bytes that nobody else uses.
 */
export function createWasmGemm(
  kernels: Pick<KernelExports, 'gemm_f32'>,
  scratch: number,
): GemmProvider {
  return {
    name: 'wasm',
    choice: defaultKernelChoice,
    bind({ m, n, k, transposeA, transposeB, accumulate }, products) {
      const flagA = Number(transposeA);
      const flagB = Number(transposeB);
      const adds = Number(accumulate);
      const one = ({ a, b, c }: GemmOperands) =>
        kernels.gemm_f32(flagA, flagB, adds, m, n, k, a, b, c, scratch);
      // By index: an iterator would be garbage at every call.
      return () => {
        for (let i = 0; i < products.length; i++) one(products[i]);
      };
    },
    dispose: async () => {},
  };
}
