import { paint } from './theme.js';

/**
 * How values become colours. `viridis`: from dark violet to yellow, the same in light and dark.
 * `accent`: from the background to the accent colour of the theme. `diverging`: blue, light grey in the
 * middle of the range, red-brown. `gray`: black to white.
 */
export type ColorScaleName = 'viridis' | 'accent' | 'diverging' | 'gray';

/** Viridis by Nathaniel Smith and Stéfan van der Walt (CC0), at nine places. */
const viridis = [
  '#440154',
  '#472d7b',
  '#3b528b',
  '#2c728e',
  '#21918c',
  '#28ae80',
  '#5ec962',
  '#addc30',
  '#fde725',
];
/** Blue and brown can be told apart by colour-blind readers, and are equally dark at equal distance. */
const diverging = [
  '#001261',
  '#03488a',
  '#3c85b0',
  '#a2c6d9',
  '#ece5e0',
  '#dbae8f',
  '#bf7546',
  '#8b3000',
  '#590008',
];
const gray = ['#000000', '#ffffff'];

const stops = { viridis, diverging, gray } as const;

/** A colour with the opacity that it is laid on with, and one for text on it. */
export interface ScaleColor {
  fill: string;
  /** 0 to 1. */
  opacity: number;
  /** Colour for text on it. */
  ink: string;
}

function channels(hex: string): [number, number, number] {
  const value = Number.parseInt(hex.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

/** The colour at a place of a scale, 0 to 1, as red, green and blue from 0 to 255. */
export function scaleRgb(
  name: Exclude<ColorScaleName, 'accent'>,
  place: number,
): [number, number, number] {
  const colors = stops[name];
  const at = Math.min(1, Math.max(0, place)) * (colors.length - 1);
  const low = Math.min(Math.floor(at), colors.length - 2);
  const [a, b] = [channels(colors[low]), channels(colors[low + 1])];
  const mix = (i: 0 | 1 | 2) => Math.round(a[i] + (b[i] - a[i]) * (at - low));
  return [mix(0), mix(1), mix(2)];
}

/** Luminance above which black text reads better than white. */
const BRIGHT = 0.36;
/** Opacity of the accent colour from which the background's colour reads better than ink. */
const STRONG = 0.55;

/** The colour at a place of a scale, 0 to 1; a place that is no number is left empty. */
export function scaleColor(name: ColorScaleName, place: number): ScaleColor {
  if (Number.isNaN(place)) return { fill: 'none', opacity: 1, ink: paint('muted') };
  if (name === 'accent') {
    const opacity = Math.min(1, Math.max(0, place));
    const ink = opacity > STRONG ? paint('surface') : paint('ink');
    return { fill: paint('accent'), opacity, ink };
  }
  const [r, g, b] = scaleRgb(name, place);
  const linear = (c: number) => (c / 255) ** 2.2;
  const luminance = 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const hex = ((r << 16) | (g << 8) | b).toString(16).padStart(6, '0');
  return { fill: `#${hex}`, opacity: 1, ink: luminance > BRIGHT ? '#000000' : '#ffffff' };
}
