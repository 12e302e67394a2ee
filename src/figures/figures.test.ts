import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ValueError } from '../core/errors.js';
import { makeAxis, shortNumber } from './axis.js';
import { barChart } from './bar-chart.js';
import { contourPlot } from './contour-plot.js';
import { heatmap } from './heatmap.js';
import { histogram } from './histogram.js';
import { htmlPage } from './html-page.js';
import { imageGrid } from './image-grid.js';
import { lineChart } from './line-chart.js';
import { imageDataUri } from './pixel-image.js';
import { smallMultiples } from './small-multiples.js';
import { stripPlot } from './strip-plot.js';
import { figureSize } from './svg.js';
import { escapeXml, fitText, textWidth, wrapText } from './text.js';
import { withTheme } from './theme.js';

const HOSTILE = `</text><script>alert("1")</script>&'\u0000]]>`;

/** Every element is closed, in order, and attributes are quoted: enough for what we write ourselves. */
function checkWellFormed(svg: string): void {
  const open: string[] = [];
  const rest = svg.replace(
    /<(\/?)([a-z]+)((?: [\w:-]+="[^"<>]*")*)(\/?)>/gi,
    (_, close: string, name: string, __: string, empty: string) => {
      if (close !== '') assert.equal(open.pop(), name);
      else if (empty === '') open.push(name);
      return '';
    },
  );
  assert.deepEqual(open, []);
  assert.ok(!/[<>]/.test(rest.replaceAll('>', '')) || !rest.includes('<'), 'a stray angle bracket');
}

/** The right edge of every text that is set level, by the bundled font, lies inside the figure. */
function checkNothingClipped(svg: string): void {
  const { width, height } = figureSize(svg);
  const pattern =
    /<text x="([\d.-]+)" y="([\d.-]+)"(?: dy="[\d.]+")? font-size="([\d.]+)"( font-weight="bold")?(?: text-anchor="(\w+)")? fill="[^"]+"( transform="[^"]+")?>([^<]*)</g;
  let count = 0;
  for (const [, x, y, size, bold, anchor = 'start', turned, text] of svg.matchAll(pattern)) {
    count++;
    assert.ok(Number(y) >= 0 && Number(y) <= height, `'${text}' at y ${y} of ${height}`);
    if (turned !== undefined) continue;
    const wide = textWidth(text.replace(/&\w+;|&#\d+;/g, 'x'), Number(size), bold !== undefined);
    const left = Number(x) - { start: 0, middle: wide / 2, end: wide }[anchor as 'start'];
    assert.ok(
      left >= -0.5 && left + wide <= width + 0.5,
      `'${text}': ${left} to ${left + wide} of ${width}`,
    );
  }
  assert.ok(count > 0, 'the figure has text');
}

const xs = [1, 2, 3, 4];
const figures: Record<string, (title: string, width: number) => string> = {
  lineChart: (title, width) =>
    lineChart({
      title,
      width,
      series: [
        { name: title, x: xs, y: [1, 0.1, Number.NaN, 1e-9], weight: 'thin' },
        { name: 'b', x: xs, y: [2, 3, 4, 5], band: { lower: [1, 2, 3, 4], upper: [3, 4, 5, 6] } },
      ],
      references: [{ axis: 'x', value: 4, label: title }],
      x: { label: title, integer: true },
      y: { label: title, scale: 'log' },
    }),
  barChart: (title, width) =>
    barChart({
      title,
      width,
      categories: ['a', title, 'a name that is rather long'],
      series: [{ name: title, values: [1, -2, 3], errors: [0.1, 0, 0.2] }],
    }),
  horizontalBars: (title, width) =>
    barChart({
      title,
      width,
      direction: 'horizontal',
      categories: ['a', title, 'a name that is rather long'],
      series: [{ name: title, values: [0.1, 0.5, 1] }],
      value: { format: 'percent', domain: [0, 1] },
    }),
  heatmap: (title, width) =>
    heatmap({
      title,
      width,
      values: [
        [1, 2],
        [3, Number.NaN],
      ],
      rowLabels: [title, 'b'],
      columnLabels: ['a', title],
      annotate: true,
    }),
  histogram: (title, width) =>
    histogram({ title, width, series: [{ name: title, values: [1, 2, 2, 3] }], bins: 3 }),
  stripPlot: (title, width) =>
    stripPlot({ title, width, groups: [{ name: title, values: [1, 2, 3] }] }),
  contourPlot: (title, width) =>
    contourPlot({
      title,
      width,
      values: [
        [1, 2, 1],
        [3, 4, Number.POSITIVE_INFINITY],
        [1, 2, 3],
      ],
      x: [0, 1, 2],
      y: [0, 1, 2],
      xLabel: title,
    }),
  imageGrid: (title, width) =>
    imageGrid({
      title,
      width,
      images: [{ data: [0, 1, 2, 3], width: 2, height: 2, channels: 1, caption: [title, 'b'] }],
    }),
};

describe('figures', () => {
  for (const [name, draw] of Object.entries(figures)) {
    it(`${name}: well-formed, escaped and nothing clipped, at several widths`, () => {
      for (const title of ['A title', HOSTILE, 'long '.repeat(60)]) {
        for (const width of [260, 640]) {
          const svg = draw(title, width);
          checkWellFormed(svg);
          assert.ok(!svg.includes('<script'));
          checkNothingClipped(svg);
          assert.ok(!svg.includes('NaN') && !svg.includes('Infinity'));
        }
      }
    });
  }

  it('light and dark are free of custom properties and differ', () => {
    const svg = figures.lineChart('t', 400);
    const [light, dark] = [withTheme(svg, 'light'), withTheme(svg, 'dark')];
    assert.ok(svg.includes('prefers-color-scheme'));
    for (const fixed of [light, dark]) assert.ok(!/var\(|<style/.test(fixed));
    assert.notEqual(light, dark);
  });

  it('a line has a point for every value and breaks at gaps', () => {
    const y = [1, 2, Number.NaN, 4, 5];
    const svg = lineChart({ series: [{ name: 'a', x: [0, 1, 2, 3, 4], y, markers: false }] });
    const [, d] = /<path d="([^"]+)" fill="none"/.exec(svg) ?? [];
    assert.equal(d.match(/M/g)?.length, 2);
    assert.equal(d.match(/L/g)?.length, 2);
  });

  it('a logarithmic axis puts equal ratios at equal distances', () => {
    const place = makeAxis([1, 10_000], { scale: 'log' }).place([0, 100]);
    assert.ok(Math.abs(place(100) - place(10) - (place(1000) - place(100))) < 1e-9);
  });

  it('no half of a short logarithmic axis is without a label', () => {
    const labels = (low: number, high: number) =>
      makeAxis([], { scale: 'log', domain: [low, high] })
        .ticks(6)
        .map(({ label }) => label);
    assert.deepEqual(labels(0.53, 2.6), ['0.6', '0.8', '1', '1.5', '2']);
    assert.deepEqual(labels(3000, 24_000), [
      '3000',
      '4000',
      '5000',
      '6000',
      '8000',
      '10k',
      '15k',
      '20k',
    ]);
    assert.deepEqual(labels(10, 15), ['10', '11', '12', '13', '14', '15']);
  });

  it('a histogram counts every value once', () => {
    const svg = histogram({
      series: [{ name: 'a', values: [0, 0.5, 1, 1, 1] }],
      bins: 2,
      height: 300,
    });
    const heights = [...svg.matchAll(/height="([\d.]+)" fill="var\(--fig-series-0\)"/g)].map(
      ([, height]) => Number(height),
    );
    assert.equal(heights.length, 2);
    assert.ok(Math.abs(heights[1] / heights[0] - 4) < 0.01);
  });

  it('bars have their value beyond the error bar, which goes to both ends of a range', () => {
    const svg = barChart({
      categories: ['a', 'b'],
      direction: 'horizontal',
      series: [
        { name: 'e', values: [0.45, 0.2], ranges: { lower: [0.33, 0.2], upper: [0.52, 0.2] } },
      ],
      value: { domain: [0, 1] },
    });
    const bars = [...svg.matchAll(/<rect x="([\d.]+)"[^>]* width="([\d.]+)"[^>]*series-0/g)];
    const [, left, width] = bars[0].map(Number);
    const at = (value: number) => left + (width * value) / 0.45;
    const errors = [...svg.matchAll(/<path d="M([\d.]+) [\d.]+L([\d.]+) /g)];
    assert.equal(errors.length, 1, 'a range of one value has no bar');
    const [, low, high] = errors[0].map(Number);
    assert.ok(Math.abs(low - at(0.33)) < 0.1 && Math.abs(high - at(0.52)) < 0.1);
    const [, words] = /<text x="([\d.]+)"[^>]*>0\.45</.exec(svg)?.map(Number) ?? [];
    assert.ok(words > high, `${words} is under the bar that ends at ${high}`);
  });

  it('small multiples hold every figure and are large enough for it', () => {
    const one = figures.stripPlot('a', 300);
    const svg = smallMultiples({ title: 'All', figures: [one, one, one], columns: 2 });
    assert.equal(svg.match(/<svg x="/g)?.length, 3);
    assert.ok(figureSize(svg).width >= 600);
    assert.ok(figureSize(svg).height >= 2 * figureSize(one).height);
    checkWellFormed(svg);
  });

  it('refuses what it cannot draw with a sentence', () => {
    const wrong = [
      () => lineChart({ series: [{ name: 'a', x: [1, 2], y: [1] }] }),
      () => lineChart({ series: [], y: { domain: [2, 1] } }),
      () => barChart({ categories: ['a'], series: [{ name: 'b', values: [1, 2] }] }),
      () => barChart({ categories: ['a'], series: [{ name: 'b', values: [1], errors: [1, 2] }] }),
      () => heatmap({ values: [] }),
      () => heatmap({ values: [[1, 2], [1]] }),
      () => contourPlot({ values: [[1]], x: [1], y: [1] }),
      () => imageDataUri({ data: [1, 2, 3], width: 2, height: 2, channels: 1 }),
      () => imageGrid({ images: [] }),
      () => smallMultiples({ figures: ['<svg/>'] }),
      () => histogram({ series: [], bins: 0 }),
    ];
    for (const draw of wrong) assert.throws(draw, ValueError);
  });
});

describe('text of figures', () => {
  it('is shortened and wrapped to the width', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.integer({ min: 40, max: 300 }),
        (text, width) => {
          for (const line of [fitText(text, 12, width), ...wrapText(text, 12, width)]) {
            assert.ok(textWidth(line, 12) <= width);
          }
        },
      ),
    );
  });

  it('is escaped for XML whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        for (const character of escapeXml(text)) {
          const code = character.codePointAt(0) ?? 0;
          const allowed = code >= 0x20 || '\t\n\r'.includes(character);
          assert.ok(allowed && code !== 0xfffe && code !== 0xffff && !'<>"\''.includes(character));
        }
      }),
    );
    assert.equal(escapeXml('\uD800'), '\uFFFD');
  });

  it('writes numbers in few characters', () => {
    const cases = [0, 1, -1, 0.25, 1234, 25_000, 1.5e6, 1e-4, 2.5e-7, Number.NaN, -0.004];
    assert.deepEqual(cases.map(shortNumber), [
      '0',
      '1',
      '−1',
      '0.25',
      '1234',
      '25k',
      '1.5M',
      '10⁻⁴',
      '2.5×10⁻⁷',
      '–',
      '−0.004',
    ]);
  });
});

describe('htmlPage', () => {
  it('escapes all text, loads nothing and runs no script', () => {
    const page = htmlPage({
      title: HOSTILE,
      subtitle: HOSTILE,
      highlights: [[HOSTILE, HOSTILE]],
      sections: [
        {
          heading: HOSTILE,
          blocks: [
            { kind: 'text', text: HOSTILE },
            { kind: 'heading', text: HOSTILE },
            { kind: 'note', text: HOSTILE },
            { kind: 'list', items: [HOSTILE] },
            { kind: 'figure', svg: figures.lineChart(HOSTILE, 400), caption: HOSTILE, id: HOSTILE },
            { kind: 'facts', rows: [[HOSTILE, HOSTILE]] },
            { kind: 'table', columns: [HOSTILE], rows: [[HOSTILE]], caption: HOSTILE },
            { kind: 'code', text: HOSTILE },
            { kind: 'details', summary: HOSTILE, blocks: [{ kind: 'text', text: HOSTILE }] },
          ],
        },
      ],
      footer: HOSTILE,
    });
    assert.ok(!/<script|<link|<iframe/i.test(page));
    assert.ok(!/(?:src|href)="(?!#|data:)/.test(page));
    assert.ok(page.includes('default-src &#39;none&#39;'));
    assert.ok(page.includes('&lt;script&gt;'));
    assert.ok(page.includes('<h3>&lt;/text&gt;'));
  });

  it('what is folded is printed', () => {
    const [, print = ''] = htmlPage({ title: 'a' }).split('@media print{html');
    assert.match(print, /^[^\n]*details::details-content\{content-visibility:visible/);
  });
});
