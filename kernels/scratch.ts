/**
 * Fixed scratch memory of the kernels: bytes [16384, 65536), below the arena and above the tables of
 * `exp` and `log` (static data starts at byte 1024). Nothing in it outlives a call of a kernel, except
 * what `putNumber` stores for the call that follows.
 */
export const SCRATCH: usize = 16384;

/**
 * Channels that kernels with per-channel state take at a time: a stripe's state (at most 32 bytes a
 * channel) stays in the first-level cache. Every stripe reads whole cache lines of its rows.
 */
export const STRIPE: i32 = 1024;

/** Rows that are summed in single precision before the sums move to double precision. */
export const PANEL: i32 = 64;

/** Bytes that `putNumber` uses, at the end of the scratch memory. */
export const NUMBERS: usize = 65536 - 8 * 1024;

/** Hands over entry `index` < 1024 of a list of numbers to the kernel that is called next. */
export function putNumber(index: i32, value: f64): void {
  store<f64>(NUMBERS + ((<usize>index) << 3), value);
}
