import { existsSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { DataError } from '../../src/core/errors.js';
import { importRun } from '../../src/node/import-run.js';
import { namesModelFile } from '../../src/node/model-files.js';
import { RunFolder } from '../../src/node/run-folder.js';
import { transferBar } from '../../src/node/transfer-bar.js';
import {
  applications,
  countParameters,
  datasetCatalog,
  importModel,
  type Model,
  saveModel,
} from '../../src/node.js';
import { bareName } from '../bare-name.js';
import { downloadBar } from '../download-bar.js';
import { findModel } from '../find-model.js';
import { addJsonOption, integer } from '../option-values.js';
import { grouped, print, printFacts, printJson } from '../print.js';
import { shellWord } from '../shell-word.js';

interface ImportCommandOptions {
  out?: string;
  model?: string;
  inputShape?: number[];
  classes: number;
  dataset?: string;
  data?: string;
  limit?: number;
  batchSize: number;
  epochs: number;
  force?: boolean;
  json?: boolean;
}

const DEFAULT_INPUT_SHAPE = [224, 224, 3];
const DEFAULT_CLASSES = 1000;
const DEFAULT_BATCH_SIZE = 32;
const DEFAULT_EPOCHS = 2;

/** Adds `residuum import`. */
export function addImportCommand(program: Command): void {
  const names = Object.keys(applications).join(', ');
  const command = program
    .command('import')
    .description('Makes a model of a file of others, ready to be trained, and saves it.')
    .argument('<file>', 'model file; its format is recognised by what it holds')
    .option(
      '--out <path>',
      'model file to write, by its ending (default: named after the file, in this folder), or else a run to make',
    )
    .option(
      '--model <name>',
      `for files with weights only, the network: ${names}, a run or a model file`,
    )
    .option(
      '--input-shape <h,w,c>',
      `for --model, or a file that leaves them open: height, width and channels of the images (default: ${DEFAULT_INPUT_SHAPE})`,
      threeSizes,
    )
    .option('--classes <n>', 'for --model: number of classes', integer(1, 1e6), DEFAULT_CLASSES)
    .option(
      '--dataset <name>',
      `for a run: ${datasetCatalog.map(({ name }) => name).join(', ')} (default: the first that fits the model)`,
    )
    .option('--data <folder>', 'for a run: folder with the four IDX files of the data set')
    .option('--limit <n>', 'for a run: use only so many images of each part', integer(1))
    .option(
      '--batch-size <n>',
      'for a run: images in a step of training',
      integer(1, 1e6),
      DEFAULT_BATCH_SIZE,
    )
    .option('--epochs <n>', 'for a run: passes over the data', integer(1, 1e6), DEFAULT_EPOCHS)
    .option('--force', 'replace a file that exists');
  addJsonOption(command)
    .addHelpText(
      'after',
      '\nExamples:\n  residuum import resnet18.onnx --out resnet18.safetensors\n  residuum import model.keras --out runs/mine && residuum train --resume runs/mine',
    )
    .action(importCommand);
}

async function importCommand(file: string, options: ImportCommandOptions): Promise<void> {
  const { out = `${bareName(file)}.safetensors`, classes } = options;
  const { inputShape = DEFAULT_INPUT_SHAPE } = options;
  const isFile = namesModelFile(out);
  if (!isFile) await RunFolder.checkFree(out);
  else if (existsSync(out) && options.force !== true) {
    throw new DataError(`${out} exists already; choose another --out, or replace it by --force.`);
  }
  const named = options.model && (await findModel(options.model, { inputShape, classes }));
  const bar = options.json === true ? undefined : transferBar();
  const architecture = named ? () => named : undefined;
  const model = await importModel(file, {
    architecture,
    inputShape: options.inputShape,
    onProgress: bar?.onProgress,
  }).finally(() => bar?.finish());
  try {
    if (isFile) await saveModel(model, out);
    else await makeRun(model, file, out, options);
    describe(model, out, options.json === true);
    if (!isFile && options.json !== true)
      print(`\nNext:\n  residuum train --resume ${shellWord(out)}`);
  } finally {
    await model.dispose();
  }
}

async function makeRun(
  model: Model,
  file: string,
  out: string,
  { dataset, data: dataDir, limit, batchSize, epochs, json }: ImportCommandOptions,
): Promise<void> {
  const settings = { dataset, dataDir, limit, batchSize, epochs };
  const onDownload = json === true ? undefined : downloadBar();
  await importRun(model, out, { ...settings, source: file, name: bareName(file) }, { onDownload });
}

function describe(model: Model, out: string, json: boolean): void {
  const { total } = countParameters(model.network);
  const { name, inputNames, inputShapes, outputNames, outputShapes } = model;
  if (json) {
    const inputs = inputNames.map((input, i) => ({ name: input, shape: inputShapes[i] }));
    const outputs = outputNames.map((output, i) => ({ name: output, shape: outputShapes[i] }));
    printJson({ file: out, model: name, parameters: total, inputs, outputs });
    return;
  }
  const list = (names: readonly string[], shapes: readonly (readonly number[])[]) =>
    names.map((one, i) => `${one} [N, ${shapes[i].join(', ')}]`).join(', ');
  printFacts([
    ['Written', out],
    ['Model', `${name}: ${model.layers.length} layers, ${grouped(total)} parameters`],
    ['Takes', list(inputNames, inputShapes)],
    ['Gives', list(outputNames, outputShapes)],
  ]);
}

function threeSizes(text: string): number[] {
  const sizes = text.split(',').map(Number);
  if (sizes.length === 3 && sizes.every((size) => Number.isSafeInteger(size) && size > 0)) {
    return sizes;
  }
  throw new InvalidArgumentError('It must be three whole numbers, such as 224,224,3.');
}
