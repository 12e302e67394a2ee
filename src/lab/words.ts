import { powerOfTen } from '../core/power-of-ten.js';

/** A number with about three digits that matter, as a person would write it. */
export function short(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'not a number' : 'infinite';
  if (value === 0) return '0';
  const size = Math.abs(value);
  const sign = value < 0 ? '−' : '';
  if (size >= 1e5 || size < 1e-3) {
    const [mantissa, exponent] = size.toExponential(1).split('e');
    return `${sign}${mantissa} · ${powerOfTen(Number(exponent))}`;
  }
  return `${sign}${Number(size.toPrecision(Math.max(digits, Math.ceil(Math.log10(size)))))}`;
}

/** A share as a percentage, `93.2 %`. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** `a`, `a and b`, `a, b and c`. */
export function list(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} and ${words[words.length - 1]}`;
}

/** The middle of some numbers, with their range where it can be seen: `1.21 (1.20 to 1.22)`. */
export function range(values: readonly number[], write: (value: number) => string = short): string {
  const middle = write(values.reduce((sum, value) => sum + value, 0) / values.length);
  const [lowest, highest] = [write(Math.min(...values)), write(Math.max(...values))];
  return lowest === highest ? middle : `${middle} (${lowest} to ${highest})`;
}
