import { numberOption, wordOption } from './option-checks.js';

/** What lies beyond the border of an image, as Keras names it. */
export type FillMode = 'constant' | 'nearest' | 'reflect' | 'wrap';

/** Options of changes that move pixels in from beyond the border. */
export interface FillOptions {
  /**
   * `constant`: `fillValue` (the default); `nearest`: the border goes on; `reflect`: mirrored, the
   * border's own pixels included; `wrap`: the other side.
   */
  readonly fillMode?: FillMode;
  /** For `constant`; default 0, black. */
  readonly fillValue?: number;
}

/** Beyond the border, with defaults filled in. @throws {ValueError} for other values. */
export function fillOptions(what: string, options: FillOptions): Required<FillOptions> {
  const { fillMode = 'constant', fillValue = 0 } = options;
  return {
    fillMode: wordOption(what, 'fillMode', fillMode, ['constant', 'nearest', 'reflect', 'wrap']),
    fillValue: numberOption(what, 'fillValue', fillValue, -Number.MAX_VALUE),
  };
}

/**
 * The pixel that is seen at a place that may lie beyond the border, or −1 for the constant.
 * @param place a whole number. @param length of the axis.
 */
export function sourcePlace(place: number, length: number, mode: FillMode): number {
  if (place >= 0 && place < length) return place;
  switch (mode) {
    case 'constant':
      return -1;
    case 'nearest':
      return place < 0 ? 0 : length - 1;
    case 'wrap':
      return modulo(place, length);
    case 'reflect': {
      const folded = modulo(place, 2 * length);
      return folded < length ? folded : 2 * length - 1 - folded;
    }
  }
}

function modulo(value: number, divisor: number): number {
  return value - divisor * Math.floor(value / divisor);
}
