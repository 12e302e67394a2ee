import { stat } from 'node:fs/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { ValueError } from '../../src/core/errors.js';
import { countParameters, figureSize, plotModel } from '../../src/node.js';
import { findModel } from '../find-model.js';
import { addJsonOption, integer, oneOf } from '../option-values.js';
import { grouped, print, printJson } from '../print.js';

interface PlotOptions {
  output?: string;
  compare?: boolean;
  shapes: boolean;
  names: boolean;
  params?: boolean;
  expand?: boolean;
  fold?: boolean;
  rankdir?: 'TB' | 'BT' | 'LR' | 'RL';
  theme?: 'light' | 'dark' | 'auto';
  dpi?: number;
  input?: number[];
  classes?: number;
  json?: boolean;
}

const MOST_MODELS = 8;

/** Adds `residuum plot`. */
export function addPlotCommand(program: Command): void {
  const command = program
    .command('plot')
    .description('Draws a network: layers, residual blocks, shortcuts. Needs no Graphviz.')
    .argument('[model...]', 'a network, the folder of a run, or a model file', ['resnet50'])
    .option(
      '-o, --output <file>',
      '.svg, .png, .pdf, .html or .dot (default: model.svg, compare.svg)',
    )
    .option('--compare', 'several networks side by side, a box for each convolution')
    .option('--no-shapes', 'leave the shapes out')
    .option('--no-names', 'leave the names of layers out')
    .option('--params', 'show the numbers of parameters')
    .option('--expand', 'show every layer of every block')
    .option('--fold', 'show every block as one box')
    .addOption(
      new Option('--rankdir <dir>', 'TB, BT, LR or RL: direction from inputs to outputs').argParser(
        oneOf(['TB', 'BT', 'LR', 'RL']),
      ),
    )
    .addOption(
      new Option(
        '--theme <name>',
        'of .svg, .png and .pdf: light, dark, or auto: as the browser is (default: light)',
      ).argParser(oneOf(['light', 'dark', 'auto'])),
    )
    .option('--dpi <n>', 'dots an inch, of a .png only (default: 192)', integer(24, 1200))
    .option('--input <HxWxC>', 'images that a network is drawn for (default: 28x28x1)', imageShape)
    .option('--classes <n>', 'classes that a network is drawn for (default: 10)', integer(1, 1e6));
  addJsonOption(command)
    .addHelpText(
      'after',
      '\nExamples:\n  residuum plot resnet50 -o resnet50.png\n  residuum plot runs/NAME -o model.html\n  residuum plot --compare plain-20 resnet-20 --input 32x32x3 -o figure3.svg',
    )
    .action(plot);
}

function imageShape(text: string): number[] {
  const sizes = /^(\d{1,5})[x×,](\d{1,5})[x×,](\d{1,4})$/.exec(text)?.slice(1).map(Number);
  if (sizes?.every((size) => size > 0)) return sizes;
  throw new InvalidArgumentError('It must be height, width and channels, such as 32x32x3.');
}

async function plot(names: string[], options: PlotOptions): Promise<void> {
  const { compare = false, expand, fold, json = false, rankdir, theme, dpi } = options;
  if (expand === true && fold === true) {
    throw new ValueError('--expand and --fold exclude each other; give one of them.');
  }
  if (names.length > 1 && !compare) {
    throw new ValueError(
      `${names.length} networks were named; draw them side by side by --compare.`,
    );
  }
  if (names.length > MOST_MODELS) {
    throw new ValueError(
      `at most ${MOST_MODELS} networks fit beside each other, got ${names.length}.`,
    );
  }
  const output = options.output ?? (compare ? 'compare.svg' : 'model.svg');
  const size = { inputShape: options.input, classes: options.classes };
  const models = await Promise.all(names.map((name) => findModel(name, size)));
  try {
    const svg = await plotModel(compare ? models : models[0], {
      toFile: output,
      showShapes: options.shapes,
      showLayerNames: options.names,
      showParams: options.params === true,
      ...((expand === true || fold === true) && { expandBlocks: expand === true }),
      ...(rankdir && { rankdir }),
      ...(theme && { theme }),
      ...(dpi !== undefined && { dpi }),
    });
    const { size: bytes } = await stat(output);
    const { width, height } = figureSize(svg);
    const drawn = models.map(({ name, network }) => ({
      name,
      layers: network.layers.length,
      parameters: countParameters(network).total,
    }));
    if (json) printJson({ file: output, bytes, width, height, models: drawn });
    else {
      const what = drawn.map(({ name, layers }) => `${name}, ${layers} layers`).join('; ');
      print(`${output}  (${what}; ${width} × ${height} pixels, ${grouped(bytes)} bytes)`);
    }
  } finally {
    await Promise.all(models.map((model) => model.dispose()));
  }
}
