import type { Command } from 'commander';
import {
  applications,
  categoricalCrossentropy,
  datasetCatalog,
  drawLearningRates,
  findLearningRate,
  loadDataset,
  type OptimizerName,
  optimizerNames,
  resolveOptimizer,
  saveFigure,
  setRandomSeed,
} from '../../src/node.js';
import { downloadBar } from '../download-bar.js';
import { findModel } from '../find-model.js';
import {
  addEngineOptions,
  addJsonOption,
  type EngineOptions,
  integer,
  oneOf,
  positiveNumber,
} from '../option-values.js';
import { grouped, print, printFacts, printJson } from '../print.js';

interface LrFindOptions extends EngineOptions {
  dataset: string;
  data?: string;
  limit?: number;
  optimizer: OptimizerName;
  batchSize: number;
  steps: number;
  minLearningRate: number;
  maxLearningRate: number;
  seed: number;
  out: string;
  json?: boolean;
}

/** Adds `residuum lr-find`. */
export function addLrFindCommand(program: Command): void {
  const [{ name: firstDataset }] = datasetCatalog;
  const command = program
    .command('lr-find')
    .description(
      'Looks for a learning rate: trains for some steps while the rate rises, and draws the loss over it.',
    )
    .argument(
      '[model]',
      `${Object.keys(applications).join(', ')}, a run or a model file`,
      'resnet50',
    )
    .option(
      '--dataset <name>',
      `data set: ${datasetCatalog.map(({ name }) => name).join(', ')}`,
      firstDataset,
    )
    .option('--data <folder>', 'folder with the files of the data set')
    .option('--limit <n>', 'use only so many images', integer(1))
    .option('--optimizer <name>', optimizerNames.join(', '), oneOf(optimizerNames), 'adam')
    .option('--batch-size <n>', 'images in a step', integer(1, 1e6), 32)
    .option('--steps <n>', 'steps from the first rate to the last', integer(3, 1e6), 100)
    .option('--min-learning-rate <x>', 'rate of the first step', positiveNumber, 1e-6)
    .option('--max-learning-rate <x>', 'rate of the last step', positiveNumber, 1)
    .option('--seed <n>', 'first weights, order of images and dropout', integer(0), 0)
    .option('--out <file>', 'figure to write: .svg, .png or .pdf', 'learning-rates.svg');
  addJsonOption(addEngineOptions(command))
    .addHelpText(
      'after',
      '\nExamples:\n  residuum lr-find\n  residuum lr-find small-resnet --optimizer sgd --steps 60 --out rates.png',
    )
    .action(lrFind);
}

async function lrFind(name: string, options: LrFindOptions): Promise<void> {
  const { dataset, data: dataDir, limit, seed, out, executor, replicas, gemm } = options;
  const { steps, minLearningRate, maxLearningRate, batchSize } = options;
  const json = options.json === true;
  const { train, info } = await loadDataset(dataset, {
    dataDir,
    limit,
    onProgress: json ? undefined : downloadBar(),
  });
  setRandomSeed(seed);
  const engine = { executor, replicas, gemm };
  const { imageShape: inputShape, classNames } = info;
  const model = await findModel(name, { inputShape, classes: classNames.length, ...engine });
  model.compile({
    optimizer: resolveOptimizer(options.optimizer),
    loss: categoricalCrossentropy(),
    ...engine,
  });
  try {
    if (!json) print(`${info.title}: ${grouped(train.size)} training images from ${info.where}`);
    const range = { steps, minLearningRate, maxLearningRate };
    const test = await findLearningRate(model, train, { ...range, batchSize, seed });
    await saveFigure(
      drawLearningRates(test, { title: `${model.name}, ${options.optimizer}` }),
      out,
    );
    if (json) {
      printJson({ model: name, optimizer: options.optimizer, figure: out, ...test });
      return;
    }
    const { suggestion, lowest, rates, diverged } = test;
    printFacts([
      ['Figure', out],
      ['Tried', `${rates.length} rates from ${shown(rates[0])} to ${shown(rates.at(-1))}`],
      [
        'Falls fastest',
        suggestion === undefined ? 'nowhere: the loss never fell' : shown(suggestion),
      ],
      ['Lowest loss', `at ${shown(lowest)}${diverged ? '; it grew beyond' : ''}`],
    ]);
    if (suggestion !== undefined) {
      print(`Try --optimizer ${options.optimizer} --learning-rate ${shown(suggestion)}`);
    }
  } finally {
    await model.dispose();
  }
}

/** A rate with two digits. */
function shown(rate: number | undefined): string {
  return rate === undefined ? 'none' : String(Number(rate.toPrecision(2)));
}
