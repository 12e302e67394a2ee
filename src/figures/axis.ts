import { scaleLinear, scaleLog } from 'd3-scale';
import { ValueError } from '../core/errors.js';
import { powerOfTen } from '../core/power-of-ten.js';

/** How one direction of a chart is measured. */
export interface AxisOptions {
  /** What is measured, with its unit. */
  label?: string;
  /** Default `linear`. On a logarithmic axis values ≤ 0 are left out. */
  scale?: 'linear' | 'log';
  /** First and last value; default what the data needs, widened to round numbers. */
  domain?: readonly [number, number];
  /** Whether only whole numbers are labelled, as for epochs. */
  integer?: boolean;
  /** How values are written; default plain numbers. `percent` writes 0.25 as 25%. */
  format?: 'number' | 'percent';
  /** Whether 0 belongs to the axis in any case. */
  zero?: boolean;
  /** Labels at places of one's own, such as names of categories, instead of round numbers. */
  ticks?: readonly Tick[];
}

/** A labelled place of an axis. */
export interface Tick {
  /** Where, in units of the data. */
  readonly value: number;
  /** What stands there; nothing for a mark alone. */
  readonly label: string;
}

/** An axis whose range is known, before it has a length in pixels. */
export interface Axis {
  readonly options: AxisOptions;
  readonly isLog: boolean;
  readonly domain: readonly [number, number];
  /** About so many labelled places. */
  ticks(count: number): Tick[];
  /** Maps values to pixels. */
  place(range: readonly [number, number]): (value: number) => number;
}

/** A number in few characters: 1234 → `1234`, 0.00012 → `1.2×10⁻⁴`, 25,000 → `25k`, −1 → `−1`. */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  const sign = value < 0 ? '−' : '';
  if (size === 0) return '0';
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '–' : `${sign}∞`;
  if (size < 1e-3 || size >= 1e12) {
    const exponent = Math.floor(Math.log10(size) + 1e-12);
    const factor = Number((size / 10 ** exponent).toPrecision(3));
    return `${sign}${factor === 1 ? '' : `${factor}×`}${powerOfTen(exponent)}`;
  }
  for (const [unit, letter] of [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e4, 'k'],
  ] as const) {
    if (size >= unit)
      return `${sign}${Number((size / (letter === 'k' ? 1e3 : unit)).toPrecision(4))}${letter}`;
  }
  return `${sign}${Number(size.toPrecision(4))}`;
}

function formatter(options: AxisOptions): (value: number) => string {
  if (options.format !== 'percent') return shortNumber;
  return (value) => `${shortNumber(Number((value * 100).toPrecision(6)))}%`;
}

function extent(values: Iterable<number>, accepts: (value: number) => boolean): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (!accepts(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

function checkDomain(domain: readonly [number, number], isLog: boolean): void {
  const [low, high] = domain;
  const fits = Number.isFinite(low) && Number.isFinite(high) && low < high && !(isLog && low <= 0);
  if (fits) return;
  throw new ValueError(
    `the domain of ${isLog ? 'a logarithmic' : 'an'} axis must be two finite numbers${isLog ? ' > 0' : ''}, the smaller first, got [${low}, ${high}]`,
  );
}

/**
 * The axis for some values.
 * @param tight whether the axis ends at the data instead of at round numbers.
 * @throws {ValueError} for a domain that is none.
 */
export function makeAxis(values: Iterable<number>, options: AxisOptions, tight = false): Axis {
  return options.scale === 'log' ? logAxis(values, options) : linearAxis(values, options, tight);
}

function linearAxis(values: Iterable<number>, options: AxisOptions, tight: boolean): Axis {
  let domain = options.domain;
  if (domain === undefined) {
    let [low, high] = extent(values, Number.isFinite);
    if (low > high) [low, high] = [0, 1];
    if (options.zero === true) [low, high] = [Math.min(0, low), Math.max(0, high)];
    if (low === high) {
      const margin = Math.abs(low) * 0.1 || 1;
      [low, high] = options.integer === true ? [low - 1, high + 1] : [low - margin, high + margin];
    }
    const [from, to] = tight ? [low, high] : scaleLinear([low, high], [0, 1]).nice(6).domain();
    domain = [from, to];
  }
  checkDomain(domain, false);
  const write = formatter(options);
  const [low, high] = domain;
  return {
    options,
    isLog: false,
    domain,
    ticks(count) {
      if (options.ticks !== undefined) return inside(options.ticks, domain);
      const values = scaleLinear([low, high], [0, 1]).ticks(Math.max(2, count));
      const shown = options.integer === true ? values.filter(Number.isInteger) : values;
      return shown.map((value) => ({ value, label: write(value) }));
    },
    place: (range) => scaleLinear([low, high], range),
  };
}

/** Below so many powers of ten, evenly spaced values lie evenly enough on a logarithmic axis. */
const NEARLY_LINEAR = 0.3;
/** Places within a power of ten, so that no half of a short logarithmic axis is without a label. */
const MANTISSAS = [1, 1.5, 2, 3, 4, 5, 6, 8];

function withinDecade(low: number, high: number, write: (value: number) => string): Tick[] {
  const first = Math.floor(Math.log10(low));
  const values = [first, first + 1].flatMap((exponent) =>
    MANTISSAS.map((mantissa) => Number((mantissa * 10 ** exponent).toPrecision(2))),
  );
  return values
    .filter((value) => value >= low && value <= high)
    .map((value) => ({ value, label: write(value) }));
}

function logAxis(values: Iterable<number>, options: AxisOptions): Axis {
  let domain = options.domain;
  if (domain === undefined) {
    let [low, high] = extent(values, (value) => Number.isFinite(value) && value > 0);
    if (low > high) [low, high] = [0.1, 1];
    if (low === high) [low, high] = [low / 2, high * 2];
    const margin = (high / low) ** 0.04;
    domain = [low / margin, high * margin];
  }
  checkDomain(domain, true);
  const [low, high] = domain;
  const decades = Math.log10(high / low);
  const write = formatter(options);
  return {
    options,
    isLog: true,
    domain,
    ticks(count) {
      if (options.ticks !== undefined) return inside(options.ticks, domain);
      if (decades < NEARLY_LINEAR) {
        return scaleLinear([low, high], [0, 1])
          .ticks(Math.max(2, count))
          .map((value) => ({ value, label: write(value) }));
      }
      if (decades < 1) return withinDecade(low, high, write);
      const first = Math.ceil(Math.log10(low) - 1e-9);
      const last = Math.floor(Math.log10(high) + 1e-9);
      const step = Math.max(1, Math.ceil((last - first + 1) / Math.max(2, count)));
      const asPowers = options.format !== 'percent' && (first < -3 || last > 4);
      const ticks: Tick[] = [];
      const factors = step === 1 && decades < 2.5 ? [1, 2, 5] : [1];
      for (let exponent = first - 1; exponent <= last; exponent++) {
        for (const factor of factors) {
          const value = factor * 10 ** exponent;
          if (value < low * (1 - 1e-9) || value > high * (1 + 1e-9)) continue;
          const labelled = (exponent - first) % step === 0;
          const text = asPowers && factor === 1 ? powerOfTen(exponent) : write(value);
          ticks.push({ value, label: labelled ? text : '' });
        }
      }
      return ticks;
    },
    place(range) {
      return scaleLog([low, high], range);
    },
  };
}

function inside(ticks: readonly Tick[], [low, high]: readonly [number, number]): Tick[] {
  return ticks.filter(({ value }) => value >= low && value <= high);
}
