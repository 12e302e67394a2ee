import { readFile } from 'node:fs/promises';
import { applications } from '../applications/registry.js';
import { ResiduumError } from '../core/errors.js';
import type { Dataset } from '../data/dataset.js';
import { drawModel } from '../drawings/draw-model.js';
import { type HtmlBlock, type HtmlCell, htmlPage } from '../figures/html-page.js';
import { smallMultiples } from '../figures/small-multiples.js';
import type { Model } from '../models/model.js';
import { type AnalyseOptions, analyseModel, type ModelAnalysis } from '../reports/analyse-model.js';
import { analysisSections, captioned } from '../reports/draw-analysis.js';
import { type StepFigures, trainingCurves } from '../reports/training-curves.js';
import { filledOptimizer } from './config/filled-options.js';
import { configOfSettings, settingsOfConfig } from './config/settings-of-config.js';
import { loadDataset } from './data/load-dataset.js';
import { resolveView } from './run-evaluation.js';
import { RunFolder } from './run-folder.js';
import type { EvaluationSettings, RunRecord, RunSettings } from './runs/run-record.js';

/** Options of `reportRun`. */
export interface ReportRunOptions {
  /** Folder with the data set's files; default the run's. */
  dataDir?: string;
  /** Use at most so many test images. */
  limit?: number;
}

/** What `reportRun` wrote. */
export interface RunReport {
  /** Path of the page. */
  readonly file: string;
  /** What the page shows, as data. */
  readonly analysis: ModelAnalysis;
}

const LARGEST_LOG = 64 * 2 ** 20;
const UNFOLDED_MOST = 60;

/** Figures after steps from the lines of a log; lines that are none, and earlier tries, are left out. */
export function stepFigures(log: string): StepFigures[] {
  const steps = new Map<string, StepFigures>();
  for (const line of log.split('\n')) {
    if (!line.includes('"batch"')) continue;
    let event: unknown;
    try {
      event = JSON.parse(line);
    } catch {
      continue;
    }
    if (typeof event !== 'object' || event === null) continue;
    const { event: kind, epoch, samples, loss, accuracy } = event as Record<string, unknown>;
    if (kind !== 'batch' || typeof epoch !== 'number' || typeof samples !== 'number') continue;
    if (typeof loss !== 'number' || typeof accuracy !== 'number') continue;
    steps.set(`${epoch} ${samples}`, { epoch, samples, loss, accuracy });
  }
  return [...steps.values()].sort((a, b) => a.epoch - b.epoch || a.samples - b.samples);
}

/** How to make such a run: a command, with the file that it takes where flags cannot say it all. */
function recipeOf({ settings }: Pick<RunRecord, 'settings'>): HtmlBlock[] {
  const { model, modelFile } = settings;
  const json = JSON.stringify(configOfSettings(settings), undefined, 2);
  if (modelFile === undefined && !Object.hasOwn(applications, model)) {
    return [
      { kind: 'text', text: 'Its model came from a program or was imported; its settings:' },
      { kind: 'code', text: json },
    ];
  }
  const code = isByFlags(settings)
    ? trainCommand({ settings })
    : `residuum train run.json\n\nrun.json:\n${json}`;
  return [
    { kind: 'text', text: 'The same again:' },
    { kind: 'code', text: code },
  ];
}

/** Whether `trainCommand` says all that the settings do. */
function isByFlags(settings: RunSettings): boolean {
  const { model, modelFile, optimizer, learningRate, weightDecay } = settings;
  const full = configOfSettings(settings);
  const { augment: _, ...data } = full.data;
  const { epochs, batchSize, seed, checkpoint, engine } = full;
  const byFlags = settingsOfConfig({
    model: modelFile === undefined ? { name: model } : { file: modelFile },
    data,
    optimizer: { name: optimizer, learningRate, ...(weightDecay !== undefined && { weightDecay }) },
    ...{ epochs, batchSize, seed, checkpoint, engine },
  });
  return JSON.stringify(configOfSettings(byFlags)) === JSON.stringify(full);
}

/** The command that makes such a run. */
export function trainCommand({ settings }: Pick<RunRecord, 'settings'>): string {
  const { model, modelFile = model, dataset, dataDir, epochs, batchSize } = settings;
  const { optimizer, learningRate, limit, seed, executor, replicas, gemm } = settings;
  const { weightDecay: usual } = filledOptimizer(optimizer, {});
  const weightDecay = settings.weightDecay === usual ? undefined : settings.weightDecay;
  const word = (text: string) =>
    /^[\w@%+=:,./\\-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
  const options: (readonly [string, string | number | undefined])[] = [
    ['--model', modelFile],
    ['--dataset', dataset],
    ['--data', dataDir],
    ['--image-size', settings.imageSize?.join('x')],
    ['--channels', settings.channels],
    ['--resize', settings.resize],
    ['--epochs', epochs],
    ['--batch-size', batchSize],
    ['--optimizer', optimizer],
    ['--learning-rate', learningRate],
    ['--weight-decay', weightDecay],
    ['--limit', limit],
    ['--seed', seed],
    ['--executor', executor],
    ['--replicas', replicas],
    ['--gemm', gemm],
  ];
  const given = options.flatMap(([flag, value]) =>
    value === undefined ? [] : [`${flag} ${word(String(value))}`],
  );
  return ['residuum train', ...given].join(' ');
}

async function readLog(path: string): Promise<string> {
  return readFile(path).then(
    (bytes) => bytes.subarray(-LARGEST_LOG).toString('utf8'),
    () => '',
  );
}

function describeEvaluation({ weights, views = [] }: EvaluationSettings): string {
  const averages = weights === 'ema' ? 'moving averages' : 'means of epochs';
  const names = views.map(({ name }) => name).join(', ');
  return [
    ...(weights === undefined ? [] : [`weights: ${averages}`]),
    ...(views.length === 0 ? [] : [`test by views: ${names}`]),
  ].join('; ');
}

function facts(record: RunRecord): (readonly [string, HtmlCell])[] {
  const { settings, data, engine, versions } = record;
  return [
    ['Model', settings.model],
    ['Parameters', record.parameters.toLocaleString('en-US')],
    ['Data', `${data.title}, ${data.imageShape.join('×')}, ${data.classNames.length} classes`],
    ['Images', `${data.train} training, ${data.validation} validation, ${data.test} test`],
    ['Epochs', `${record.history.length} of ${settings.epochs}`],
    ['Batch size', settings.batchSize],
    [
      'Optimizer',
      `${settings.optimizer}, learning rate ${settings.schedule?.name ?? settings.learningRate}`,
    ],
    ...(settings.evaluate === undefined
      ? []
      : [['Evaluated', describeEvaluation(settings.evaluate)] as const]),
    ['Seed', settings.seed],
    [
      'Engine',
      `${engine.executor}, ${engine.replicas} replicas, matrix products by ${engine.gemm}`,
    ],
    ['Processor', record.machine?.processor ?? 'unknown'],
    ['Versions', `residuum ${versions.residuum}, Node ${versions.node}`],
    ['Begun', record.created],
    [
      'Status',
      record.failure === undefined ? record.status : `${record.status}: ${record.failure.message}`,
    ],
  ];
}

const percent = (share: number | undefined) =>
  share === undefined || !Number.isFinite(share) ? '–' : `${(100 * share).toFixed(2)}%`;

/** The page about a run. */
export function drawRunReport(parts: {
  record: RunRecord;
  model: Model;
  analysis: ModelAnalysis;
  steps: readonly StepFigures[];
}): string {
  const { record, model, analysis, steps } = parts;
  const { settings, data, history, test } = record;
  const seconds = history.reduce((sum, { figures }) => sum + (figures.seconds ?? 0), 0);
  const curves = trainingCurves(history, steps, data.train);
  const { size } = analysis.classification;
  const views = (settings.evaluate?.views ?? []).map(({ name }) => name);
  const blocks: HtmlBlock[] = [
    ...(size < data.test
      ? [
          {
            kind: 'note' as const,
            text: `The figures about classes, mistakes and calibration are from the first ${size} of ${data.test} test images; \`residuum report RUN\` takes all.`,
          },
        ]
      : []),
    ...(views.length > 0
      ? [
          {
            kind: 'note' as const,
            text: `All predictions of test images on this page are means over the images and changed views of them (${views.join(', ')}); where the model looks is shown for the images as they are.`,
          },
        ]
      : []),
  ];
  const training: HtmlBlock[] =
    curves.length === 0
      ? [{ kind: 'text', text: 'No step was recorded.' }]
      : [
          captioned(
            'Training (thin): mean over stretches of steps, as trained. Validation (bold): after each epoch.',
            (name) => smallMultiples({ ...name, figures: curves, columns: 2 }),
          ),
        ];
  return htmlPage({
    title: `${settings.model} on ${data.title}`,
    subtitle: `Report of a training run, ${record.updated.slice(0, 10)}`,
    highlights: [
      ['Test accuracy', percent(test?.accuracy ?? analysis.matrix.accuracy)],
      ['Test loss', test?.loss === undefined ? '–' : test.loss.toFixed(4)],
      ['Calibration error', percent(analysis.calibration.ece)],
      ['Epochs', String(history.length)],
      [
        'Training time',
        seconds < 120 ? `${seconds.toFixed(0)} s` : `${(seconds / 60).toFixed(1)} min`,
      ],
    ],
    blocks,
    sections: [
      { heading: 'Training', blocks: training },
      ...analysisSections(analysis),
      {
        heading: 'Network',
        blocks: [
          {
            kind: 'details',
            summary: 'Drawing of the network',
            blocks: [
              {
                kind: 'figure',
                svg: drawModel(model, { expandBlocks: model.layers.length <= UNFOLDED_MOST / 3 }),
              },
            ],
          },
        ],
      },
      {
        heading: 'Settings',
        blocks: [{ kind: 'facts', rows: facts(record) }, ...recipeOf(record)],
      },
    ],
    footer: `residuum ${record.versions.residuum}, Node ${record.versions.node}. ${record.created} to ${record.updated}.`,
  });
}

/**
 * Writes the report of a run whose model and data are at hand.
 * @returns path of the page and what it shows.
 */
export async function writeRunReport(
  folder: RunFolder,
  record: RunRecord,
  model: Model,
  test: Dataset,
  options: AnalyseOptions = {},
): Promise<RunReport> {
  const { evaluate, seed } = record.settings;
  const analysis = await analyseModel(model, test, {
    // As the test was taken, so that all figures of the page agree.
    views: (evaluate?.views ?? []).map(resolveView),
    seed,
    batchSize: Math.min(100, Math.max(record.settings.batchSize, 32)),
    executor: { executor: record.settings.executor, replicas: 1 },
    ...options,
  });
  const steps = stepFigures(await readLog(folder.logPath));
  const file = await folder.writeReport(drawRunReport({ record, model, analysis, steps }));
  return { file, analysis };
}

/**
 * Writes `report.html` into the folder of a run: one page that holds everything, about training, mistakes,
 * where the model looks, and the settings.
 * @throws {DataError} or {FormatError} when the run or its data cannot be read.
 */
export async function reportRun(path: string, options: ReportRunOptions = {}): Promise<RunReport> {
  const folder = await RunFolder.open(path);
  const record = await folder.readRecord();
  const { settings } = record;
  const limit = Math.min(
    options.limit ?? Number.POSITIVE_INFINITY,
    settings.limit ?? Number.POSITIVE_INFINITY,
  );
  const { test } = await loadDataset(settings.dataset, {
    ...settings,
    dataDir: options.dataDir ?? settings.dataDir,
    limit: Number.isFinite(limit) ? limit : undefined,
  });
  const { executor, replicas, gemm } = settings;
  const model = await folder.readModel({ executor, replicas, gemm });
  try {
    return await writeRunReport(folder, record, model, test);
  } finally {
    await model.dispose();
  }
}

/** Why a report could not be written, in a sentence. */
export function reportFailure(error: unknown): string {
  const reason = error instanceof ResiduumError ? error.message : String(error);
  return `the report could not be written: ${reason}`;
}
