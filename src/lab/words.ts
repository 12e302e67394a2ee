import { powerOfTen } from '../core/power-of-ten.js';

/** A number with about three digits that matter, as a person would write it. */
export function short(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'not a number' : 'infinite';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-3) {
    const [mantissa, exponent] = value.toExponential(1).split('e');
    return `${mantissa} · ${powerOfTen(Number(exponent))}`;
  }
  return String(Number(value.toPrecision(Math.max(digits, Math.ceil(Math.log10(size))))));
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

/** The middle of some numbers, with their range where there are several: `1.21 (1.20 to 1.22)`. */
export function range(values: readonly number[], write: (value: number) => string = short): string {
  const middle = write(values.reduce((sum, value) => sum + value, 0) / values.length);
  if (values.length < 2) return middle;
  return `${middle} (${write(Math.min(...values))} to ${write(Math.max(...values))})`;
}
