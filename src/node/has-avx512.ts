import { readFileSync } from 'node:fs';

/**
 * Whether native products here use vectors four times as wide as WebAssembly's, so that gathering
 * patches for them pays even with few channels. Only Linux tells; elsewhere the answer is no.
 */
export function hasAvx512(): boolean {
  try {
    return /^flags\s*:.*\bavx512f\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'));
  } catch {
    return false;
  }
}
