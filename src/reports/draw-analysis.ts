import { barChart } from '../figures/bar-chart.js';
import { heatmap } from '../figures/heatmap.js';
import type { HtmlBlock, HtmlSection } from '../figures/html-page.js';
import { type GridImage, imageGrid } from '../figures/image-grid.js';
import { lineChart } from '../figures/line-chart.js';
import { smallMultiples } from '../figures/small-multiples.js';
import type { ModelAnalysis, ShownSample } from './analyse-model.js';

const percent = (share: number) => (Number.isNaN(share) ? '–' : `${(100 * share).toFixed(1)}%`);
const MOST_NAMED = 40;
const MOST_FILTERS = 64;
const MOST_CHANNELS = 10;

/** A figure with its caption, which is also its name for those who do not see it. */
export function captioned(
  caption: string,
  draw: (name: { readonly description: string }) => string,
): HtmlBlock {
  return { kind: 'figure', svg: draw({ description: caption.replaceAll('`', '') }), caption };
}

function pictures(
  samples: readonly ShownSample[],
  names: readonly string[],
  overlay: boolean,
): GridImage[] {
  return samples.map(({ image, map, label, prediction, confidence }) => {
    const wrong = label !== prediction;
    return {
      ...image,
      caption: wrong
        ? [names[label], `→ ${names[prediction]}`, `${percent(confidence)} sure`]
        : [names[label], `${percent(confidence)} sure`],
      captionColor: wrong ? ('bad' as const) : ('muted' as const),
      ...(overlay && map !== undefined && { overlay: { ...map, opacity: 0.55 } }),
    };
  });
}

function confusionBlocks({
  matrix,
  classNames,
  confused,
  classification,
}: ModelAnalysis): HtmlBlock[] {
  const shares = matrix.counts.map((row) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return row.map((count) => count / (total || 1));
  });
  const named = classNames.length <= MOST_NAMED;
  const blocks: HtmlBlock[] = [
    captioned(
      `What was taken for what, of ${classification.size.toLocaleString('en-US')} test images. Rows are true classes; numbers are images.`,
      (name) =>
        heatmap({
          ...name,
          values: shares,
          ...(named && { rowLabels: classNames, columnLabels: classNames }),
          rowTitle: 'true class',
          columnTitle: 'predicted class',
          scale: 'accent',
          value: { label: 'share of the true class', domain: [0, 1], format: 'percent' },
          annotate: named && ((_, row, column) => String(matrix.counts[row][column] || '')),
          width: 680,
          height: named ? 180 + 30 * classNames.length : 620,
        }),
    ),
  ];
  if (confused.length > 0) {
    blocks.push(
      captioned('Images of the most frequent confusions.', (name) =>
        imageGrid({ ...name, images: pictures(confused, classNames, false), columns: 7, size: 84 }),
      ),
    );
  }
  return blocks;
}

function classBlocks({ matrix, classNames }: ModelAnalysis): HtmlBlock[] {
  const blocks: HtmlBlock[] = [];
  if (classNames.length <= MOST_NAMED) {
    blocks.push(
      captioned(
        'The share of each class that is recognised (recall); the table has it in numbers.',
        (name) =>
          barChart({
            ...name,
            direction: 'horizontal',
            categories: classNames,
            series: [{ name: 'recall', values: matrix.recall.map((value) => value || 0) }],
            value: {
              format: 'percent',
              domain: [0, 1],
              label: 'share of the class that is recognised',
            },
          }),
      ),
    );
  }
  const rows = classNames.map((name, c) => [
    name,
    percent(matrix.recall[c]),
    percent(matrix.precision[c]),
    percent(matrix.f1[c]),
    String(matrix.counts[c].reduce((sum, count) => sum + count, 0)),
  ]);
  const table: HtmlBlock = {
    kind: 'table',
    columns: ['class', 'recall', 'precision', 'F1', 'images'],
    rows,
  };
  blocks.push(
    classNames.length <= MOST_NAMED
      ? table
      : { kind: 'details', summary: 'All classes', blocks: [table] },
  );
  return blocks;
}

function calibrationBlocks({ calibration }: ModelAnalysis): HtmlBlock[] {
  const filled = calibration.bins.filter(({ count }) => count > 0);
  const reliability = lineChart({
    width: 400,
    height: 340,
    series: [
      {
        name: 'perfect',
        x: [0, 1],
        y: [0, 1],
        dash: 'dashed',
        weight: 'thin',
        color: 7,
        markers: false,
      },
      {
        name: 'this model',
        x: filled.map(({ confidence }) => confidence),
        y: filled.map(({ accuracy }) => accuracy),
        color: 0,
        markers: true,
      },
    ],
    x: { label: 'confidence', format: 'percent', domain: [0, 1] },
    y: { label: 'accuracy', format: 'percent', domain: [0, 1] },
  });
  const counts = barChart({
    width: 400,
    height: 340,
    categories: calibration.bins.map(({ to }) => `${Math.round(100 * to)}%`),
    series: [{ name: 'images', values: calibration.bins.map(({ count }) => count) }],
    categoryLabel: 'confidence up to',
    value: { label: 'images' },
  });
  return [
    captioned(
      'How often the model is right, by how sure it is, and how many images it is that sure of.',
      (name) => smallMultiples({ ...name, figures: [reliability, counts], columns: 2 }),
    ),
    {
      kind: 'text',
      text: `Expected calibration error ${percent(calibration.ece)}, largest gap ${percent(calibration.mce)}, in ${calibration.bins.length} bins of equal width (Guo et al., 2017). Points below the dashed line: the model is surer than it is right.`,
    },
  ];
}

function filterBlocks({ filters, featureMaps }: ModelAnalysis): HtmlBlock[] {
  const blocks: HtmlBlock[] = [];
  if (filters !== undefined) {
    const [height, width, depth, count] = filters.shape;
    const shown = Math.min(count, MOST_FILTERS);
    const isColor = depth === 3;
    let most = 0;
    for (const value of filters.data) most = Math.max(most, Math.abs(value));
    const images = Array.from({ length: shown }, (_, f): GridImage => {
      const channels = isColor ? 3 : 1;
      const data = Float32Array.from(
        { length: height * width * channels },
        (_, i) => filters.data[(Math.floor(i / channels) * depth + (i % channels)) * count + f],
      );
      return isColor
        ? { data, width, height, channels: 3, domain: [-most, most] }
        : { data, width, height, channels: 1, domain: [-most, most], scale: 'diverging' };
    });
    const caption = `Kernels of \`${filters.layer}\`, ${height} × ${width}${isColor ? '' : ', first input channel: blue is negative, brown positive'}${shown < count ? `; ${shown} of ${count}` : ''}.`;
    blocks.push(captioned(caption, (name) => imageGrid({ ...name, images, size: 44, width: 720 })));
  }
  for (const { layer, shape, data } of featureMaps) {
    const [, height, width, channels] = shape;
    const maps = Array.from({ length: channels }, (_, c) => {
      const values = Float32Array.from(
        { length: height * width },
        (_, p) => data[p * channels + c],
      );
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const spread = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      return { values, spread };
    });
    const varied = maps.sort((a, b) => b.spread - a.spread).slice(0, MOST_CHANNELS);
    const caption = `Feature maps of \`${layer}\` (${height} × ${width} × ${channels}): the ${varied.length} that vary most over the image.`;
    blocks.push(
      captioned(caption, (name) =>
        imageGrid({
          ...name,
          images: varied.map(({ values }) => ({
            data: values,
            width,
            height,
            channels: 1,
            scale: 'viridis',
          })),
          size: 62,
          columns: MOST_CHANNELS,
        }),
      ),
    );
  }
  return blocks;
}

/** The sections of a report about what a model does on test images. */
export function analysisSections(analysis: ModelAnalysis): HtmlSection[] {
  const { mistakes, recognised, classNames, mapLayer, matrix } = analysis;
  const looked =
    mapLayer === undefined
      ? ''
      : ` Bright is where the model looked (Grad-CAM on \`${mapLayer}\`, gradients of the predicted class's score).`;
  const grid = (caption: string, samples: readonly ShownSample[], overlay = false) =>
    captioned(caption, (name) =>
      imageGrid({ ...name, images: pictures(samples, classNames, overlay), columns: 7, size: 84 }),
    );
  const sections: HtmlSection[] = [
    { heading: 'Confusion', blocks: confusionBlocks(analysis) },
    { heading: 'Classes', blocks: classBlocks(analysis) },
  ];
  if (mistakes.length > 0) {
    sections.push({
      heading: 'Worst mistakes',
      blocks: [
        grid('The mistakes that the model was surest of.', mistakes),
        ...(mapLayer === undefined ? [] : [grid(`The same images.${looked}`, mistakes, true)]),
      ],
    });
  } else {
    sections.push({
      heading: 'Worst mistakes',
      blocks: [
        {
          kind: 'text',
          text: `None: all of the images were recognised (${percent(matrix.accuracy)}).`,
        },
      ],
    });
  }
  if (recognised.length > 0 && mapLayer !== undefined) {
    sections.push({
      heading: 'Where it looks',
      blocks: [
        grid('One recognised image of each class.', recognised),
        grid(`The same images.${looked}`, recognised, true),
      ],
    });
  }
  sections.push({ heading: 'Calibration', blocks: calibrationBlocks(analysis) });
  const inner = filterBlocks(analysis);
  if (inner.length > 0) sections.push({ heading: 'Filters and feature maps', blocks: inner });
  return sections;
}
