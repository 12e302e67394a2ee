import type { Command } from 'commander';
import { FormatError, ValueError } from '../../src/core/errors.js';
import { RunFolder } from '../../src/node/run-folder.js';
import { type ImagePixels, readImageFile } from '../../src/node.js';
import { addEngineOptions, addJsonOption, type EngineOptions, integer } from '../option-values.js';
import { print, printJson } from '../print.js';

interface PredictOptions extends EngineOptions {
  top: number;
  json?: boolean;
}

interface ClassProbability {
  class: string;
  index: number;
  probability: number;
}

const DEFAULT_TOP = 3;
const BAR_WIDTH = 20;

/** Adds `residuum predict`. */
export function addPredictCommand(program: Command): void {
  const command = program
    .command('predict')
    .description("Says what a run's model sees on PNG or JPEG images of any size.")
    .argument('<run>', "folder that 'residuum train' made")
    .argument('<image...>', 'PNG or JPEG files')
    .option('--top <n>', 'how many classes to show', integer(1), DEFAULT_TOP);
  addJsonOption(addEngineOptions(command))
    .addHelpText(
      'after',
      '\nExample:\n  residuum predict runs/resnet50-fashion-mnist-mini-1 shoe.png',
    )
    .action(predict);
}

async function predict(path: string, images: string[], options: PredictOptions): Promise<void> {
  const folder = await RunFolder.open(path);
  const { data, settings } = await folder.readRecord();
  const [height, width, channels] = data.imageShape;
  if (channels !== 1 && channels !== 3) {
    throw new ValueError(`the model of ${path} takes ${channels} channels; images have 1 or 3.`);
  }
  const pixels: ImagePixels[] = [];
  const trained = { imageShape: data.imageShape, resize: settings.resize };
  for (const image of images) pixels.push(await readImageFile(image, trained));
  const size = height * width * channels;
  const batch = new Float32Array(images.length * size);
  pixels.forEach((image, i) => {
    batch.set(image.data, i * size);
  });
  const { executor, replicas, gemm } = options;
  const model = await folder.readModel({ executor, replicas: replicas ?? 1, gemm });
  try {
    const shape = [images.length, height, width, channels];
    const { data: values, shape: found } = await model.predict({ data: batch, shape });
    const classes = data.classNames.length;
    if (found.length !== 2 || found[1] !== classes) {
      throw new FormatError(
        `the model of ${path} gives values of shape [${found.join(', ')}], but the run names ${classes} classes.`,
      );
    }
    images.forEach((image, i) => {
      const probabilities = values.subarray(i * classes, (i + 1) * classes);
      const top = rank(probabilities, data.classNames).slice(0, options.top);
      const { inverted } = pixels[i];
      if (options.json) printJson({ image, inverted, predictions: top });
      else show(image, inverted, top);
    });
  } finally {
    await model.dispose();
  }
}

function rank(probabilities: Float32Array, names: readonly string[]): ClassProbability[] {
  return names
    .map((name, index) => ({ class: name, index, probability: probabilities[index] }))
    .sort((a, b) => b.probability - a.probability);
}

function show(image: string, inverted: boolean, top: readonly ClassProbability[]): void {
  const width = Math.max(...top.map((one) => one.class.length));
  print(
    inverted ? `${image}  (inverted: its ground is bright, that of the training data dark)` : image,
  );
  for (const one of top) {
    const percent = (100 * one.probability).toFixed(1).padStart(5);
    const bar = '█'.repeat(Math.round(one.probability * BAR_WIDTH));
    print(`  ${one.class.padEnd(width)}  ${percent} %  ${bar}`.trimEnd());
  }
}
