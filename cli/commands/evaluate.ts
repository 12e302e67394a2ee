import type { Command } from 'commander';
import { DataError } from '../../src/core/errors.js';
import { progressBar } from '../../src/node/progress-bar.js';
import { RunFolder } from '../../src/node/run-folder.js';
import { datasetAddress, datasetCatalog, loadDataset } from '../../src/node.js';
import { downloadBar } from '../download-bar.js';
import { addEngineOptions, addJsonOption, type EngineOptions, integer } from '../option-values.js';
import { grouped, lossAndAccuracy, print, printJson } from '../print.js';

interface EvaluateOptions extends EngineOptions {
  dataset?: string;
  data?: string;
  limit?: number;
  json?: boolean;
}

/** Adds `residuum evaluate`. */
export function addEvaluateCommand(program: Command): void {
  const command = program
    .command('evaluate')
    .description("Measures a run's model on test images, by default those of its own training.")
    .argument('<run>', "folder that 'residuum train' made")
    .option('--dataset <name>', "data set, or a folder of images (default: the run's)")
    .option('--data <folder>', 'folder with the files of the data set')
    .option('--limit <n>', 'use only so many images', integer(1));
  addJsonOption(addEngineOptions(command))
    .addHelpText('after', '\nExample:\n  residuum evaluate runs/resnet50-fashion-mnist-mini-1')
    .action(evaluate);
}

async function evaluate(path: string, options: EvaluateOptions): Promise<void> {
  const json = options.json === true;
  const folder = await RunFolder.open(path);
  const { settings, data } = await folder.readRecord();
  const { executor, replicas, gemm } = options;
  const dataset = datasetAddress(options.dataset ?? settings.dataset);
  const ownData = dataset === settings.dataset ? settings.dataDir : undefined;
  const isFolder = datasetCatalog.every(({ name }) => name !== dataset);
  const { imageSize, channels, resize, seed } = settings;
  const { test, info } = await loadDataset(dataset, {
    ...(isFolder && { imageSize, channels, resize, seed }),
    dataDir: options.data ?? ownData,
    limit: options.limit ?? settings.limit,
    onProgress: json ? undefined : downloadBar(),
  });
  if (isFolder && info.classNames.join('\n') !== data.classNames.join('\n')) {
    throw new DataError(
      `${info.where} has the classes ${info.classNames.join(', ')}, but the run was trained on ` +
        `${data.classNames.join(', ')}.`,
    );
  }
  const model = await folder.readModel({ executor, replicas, gemm });
  try {
    if (!json) for (const note of folder.notes) print(`Note: ${note}`);
    if (!json) print(`${info.title}: ${grouped(test.size)} test images from ${info.where}`);
    const callbacks = json ? [] : [progressBar({ samples: test.size })];
    const figures = await model.evaluate(test, { batchSize: settings.batchSize, callbacks });
    if (json) printJson({ run: path, dataset, samples: test.size, ...figures });
    else print(`Test: ${lossAndAccuracy(figures)}`);
  } finally {
    await model.dispose();
  }
}
