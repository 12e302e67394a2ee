import { setFlagsFromString } from 'node:v8';

/** Whether it was asked for already. */
let asked = false;

/**
 * Lets WebAssembly modules use relaxed SIMD in Node 20 and 21, whose engine has it behind a flag, as it is
 * since Chrome 114 without one. It only makes more modules valid, so other code of the process runs as before.
 */
export function allowRelaxedSimd(): void {
  if (asked) return;
  asked = true;
  if (process.versions.v8?.startsWith('11.')) {
    setFlagsFromString('--experimental-wasm-relaxed-simd');
  }
}
