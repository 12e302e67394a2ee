import { existsSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { DataError } from '../../src/core/errors.js';
import { applications, countParameters, importModel, saveModel } from '../../src/node.js';
import { bareName } from '../bare-name.js';
import { findModel } from '../find-model.js';
import { addJsonOption, integer } from '../option-values.js';
import { grouped, printFacts, printJson } from '../print.js';

interface ImportCommandOptions {
  out?: string;
  model?: string;
  inputShape: number[];
  classes: number;
  force?: boolean;
  json?: boolean;
}

const DEFAULT_INPUT_SHAPE = [224, 224, 3];
const DEFAULT_CLASSES = 1000;

/** Adds `residuum import`. */
export function addImportCommand(program: Command): void {
  const names = Object.keys(applications).join(', ');
  const command = program
    .command('import')
    .description('Makes a model of a file of others, ready to be trained, and saves it.')
    .argument('<file>', 'model file; its format is recognised by what it holds')
    .option('--out <file>', 'model file to write (default: named after the file, in this folder)')
    .option(
      '--model <name>',
      `for files with weights only, the network: ${names}, a run or a model file`,
    )
    .option(
      '--input-shape <h,w,c>',
      'for --model: height, width and channels of the images',
      threeSizes,
      DEFAULT_INPUT_SHAPE,
    )
    .option('--classes <n>', 'for --model: number of classes', integer(1, 1e6), DEFAULT_CLASSES)
    .option('--force', 'replace a file that exists');
  addJsonOption(command)
    .addHelpText('after', '\nExample:\n  residuum import resnet18.onnx --out resnet18.safetensors')
    .action(importCommand);
}

async function importCommand(file: string, options: ImportCommandOptions): Promise<void> {
  const { force = false } = options;
  const path = options.out ?? `${bareName(file)}.safetensors`;
  if (existsSync(path) && !force) {
    throw new DataError(`${path} exists already; choose another --out, or replace it by --force.`);
  }
  const { inputShape, classes } = options;
  const named = options.model && (await findModel(options.model, { inputShape, classes }));
  const model = await importModel(file, { architecture: named ? () => named : undefined });
  try {
    await saveModel(model, path);
    const { total } = countParameters(model.network);
    const { name, inputNames, inputShapes, outputNames, outputShapes } = model;
    if (options.json) {
      const inputs = inputNames.map((input, i) => ({ name: input, shape: inputShapes[i] }));
      const outputs = outputNames.map((output, i) => ({ name: output, shape: outputShapes[i] }));
      printJson({ file: path, model: name, parameters: total, inputs, outputs });
      return;
    }
    const list = (names: readonly string[], shapes: readonly (readonly number[])[]) =>
      names.map((one, i) => `${one} [N, ${shapes[i].join(', ')}]`).join(', ');
    printFacts([
      ['Written', path],
      ['Model', `${name}: ${model.layers.length} layers, ${grouped(total)} parameters`],
      ['Takes', list(inputNames, inputShapes)],
      ['Gives', list(outputNames, outputShapes)],
    ]);
  } finally {
    await model.dispose();
  }
}

function threeSizes(text: string): number[] {
  const sizes = text.split(',').map(Number);
  if (sizes.length === 3 && sizes.every((size) => Number.isSafeInteger(size) && size > 0)) {
    return sizes;
  }
  throw new InvalidArgumentError('It must be three whole numbers, such as 224,224,3.');
}
