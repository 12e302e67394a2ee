/** How a figure is coloured: by what the reader's system prefers, or always light or dark. */
export type FigureTheme = 'auto' | 'light' | 'dark';

/** Names of the colours that a figure is made of. */
export type FigureColor =
  | 'surface'
  | 'panel'
  | 'ink'
  | 'muted'
  | 'grid'
  | 'accent'
  | 'good'
  | 'bad'
  | `series-${0 | 1 | 2 | 3 | 4 | 5 | 6 | 7}`;

type Palette = Readonly<Record<FigureColor, string>>;

/** Colours of series: Okabe and Ito, "Color universal design" (2008), yellow left out on white. */
const light: Palette = {
  surface: '#ffffff',
  panel: '#f4f5f7',
  ink: '#1b1f24',
  muted: '#57606a',
  grid: '#dfe3e8',
  accent: '#0072b2',
  good: '#00795c',
  bad: '#c24a00',
  'series-0': '#0072b2',
  'series-1': '#d55e00',
  'series-2': '#009e73',
  'series-3': '#c0639a',
  'series-4': '#b57b00',
  'series-5': '#3f9fd8',
  'series-6': '#5c4b9b',
  'series-7': '#4d4d4d',
};

const dark: Palette = {
  surface: '#14181d',
  panel: '#1e242b',
  ink: '#e8ebee',
  muted: '#a3adb8',
  grid: '#343c46',
  accent: '#56b4e9',
  good: '#2fc79a',
  bad: '#ff8a4c',
  'series-0': '#56b4e9',
  'series-1': '#ff8a4c',
  'series-2': '#2fc79a',
  'series-3': '#e79bc6',
  'series-4': '#f0c03c',
  'series-5': '#9fd6f7',
  'series-6': '#b3a2f2',
  'series-7': '#c4cad1',
};

const palettes = { light, dark } as const;

/** How many colours there are for series; further ones begin again. */
export const SERIES_COLORS = 8;

/** A colour as SVG and CSS take it: a custom property, which `withTheme` turns into a fixed colour. */
export function paint(color: FigureColor): string {
  return `var(--fig-${color})`;
}

/** The colour of the series with this number, from 0. */
export function seriesPaint(index: number): string {
  const color = ((index % SERIES_COLORS) + SERIES_COLORS) % SERIES_COLORS;
  return `var(--fig-series-${color})`;
}

function declarations(palette: Palette): string {
  return Object.entries(palette)
    .map(([name, value]) => `--fig-${name}:${value}`)
    .join(';');
}

/**
 * Style rules that give the colours to everything below a selector: light, dark where the system is
 * dark, light again on paper.
 */
export function themeRules(selector: string): string {
  const lightRule = `${selector}{${declarations(light)}}`;
  const darkRule = `${selector}{${declarations(dark)}}`;
  return `${lightRule}@media (prefers-color-scheme:dark){${darkRule}}@media print{${lightRule}}`;
}

/** Class of the outermost element of every figure. */
export const FIGURE_CLASS = 'residuum-figure';
const STYLE_OPEN = '<style>';
const STYLE_CLOSE = '</style>';

/** The style element of a figure that follows the system. */
export function themeStyle(): string {
  return `${STYLE_OPEN}${themeRules(`.${FIGURE_CLASS}`)}${STYLE_CLOSE}`;
}

/** The figure without a style of its own, for a page that sets the colours. */
export function withoutThemeStyle(svg: string): string {
  return svg.replaceAll(themeStyle(), '');
}

/**
 * A figure in fixed colours, for programs that know no custom properties (most that are no browsers).
 * @param svg what a function of this folder gave. @param theme `auto` leaves it as it is.
 */
export function withTheme(svg: string, theme: FigureTheme): string {
  if (theme === 'auto') return svg;
  const palette: Readonly<Record<string, string>> = palettes[theme];
  return withoutThemeStyle(svg).replace(/var\(--fig-([a-z0-9-]+)\)/g, (whole, name: string) => {
    return Object.hasOwn(palette, name) ? palette[name] : whole;
  });
}
