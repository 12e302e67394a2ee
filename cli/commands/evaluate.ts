import type { Command } from 'commander';
import { DataError } from '../../src/core/errors.js';
import { progressBar } from '../../src/node/progress-bar.js';
import { evaluateAs, resolveView } from '../../src/node/run-evaluation.js';
import { RunFolder } from '../../src/node/run-folder.js';
import { datasetAddress, datasetCatalog, loadDataset } from '../../src/node.js';
import { downloadBar } from '../download-bar.js';
import {
  addEngineOptions,
  addJsonOption,
  augmentations,
  type EngineOptions,
  integer,
} from '../option-values.js';
import { grouped, lossAndAccuracy, print, printJson } from '../print.js';

interface EvaluateOptions extends EngineOptions {
  dataset?: string;
  data?: string;
  limit?: number;
  views?: readonly { name: string }[];
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
    .option('--limit <n>', 'use only so many images', integer(1))
    .option(
      '--views <names>',
      "take the mean of the predictions for the images and for changed ones: flip, or any of train's --augment; none for none (default: the run's)",
      augmentations,
    );
  addJsonOption(addEngineOptions(command))
    .addHelpText(
      'after',
      '\nExamples:\n  residuum evaluate runs/resnet50-fashion-mnist-mini-1\n  residuum evaluate runs/resnet50-fashion-mnist-mini-1 --views flip',
    )
    .action(evaluate);
}

async function evaluate(path: string, options: EvaluateOptions): Promise<void> {
  const json = options.json === true;
  const folder = await RunFolder.open(path);
  const { settings, data } = await folder.readRecord();
  const { executor, replicas, gemm, views = settings.evaluate?.views ?? [] } = options;
  // Before anything is loaded, so that a mistake is told at once.
  for (const view of views) resolveView(view);
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
    const callbacks = json ? [] : [progressBar()];
    const { batchSize } = settings;
    const run = { batchSize, callbacks, seed };
    // The model has the weights that the run is evaluated with already.
    const figures = await evaluateAs({ views }, model, test, run);
    const names = views.map(({ name }) => name);
    if (json) printJson({ run: path, dataset, samples: test.size, views: names, ...figures });
    else {
      const by = names.length === 0 ? '' : ` with views by ${names.join(', ')}`;
      print(`Test${by}: ${lossAndAccuracy(figures)}`);
    }
  } finally {
    await model.dispose();
  }
}
