import { join } from 'node:path';
import type { Command } from 'commander';
import { ValueError } from '../../src/core/errors.js';
import { formatSeconds, type ProgressBar, progressBar } from '../../src/node/progress-bar.js';
import { RunFolder } from '../../src/node/run-folder.js';
import {
  mainProfile,
  type ResumeChanges,
  type RunOutcome,
  type RunRecord,
  resumeRun,
  startRun,
  type TrainingRun,
} from '../../src/node/train-run.js';
import {
  applications,
  augmentationNames,
  configOfSettings,
  DEFAULT_BATCH_SIZES,
  datasetCatalog,
  type ExecutorDescription,
  formatStepProfile,
  LARGE_DATASET,
  optimizerNames,
  RESIZE_MODES,
  recipeNames,
} from '../../src/node.js';
import { downloadBar } from '../download-bar.js';
import { EXIT_INTERRUPTED, listenForInterruption } from '../interruption.js';
import {
  addEngineOptions,
  addJsonOption,
  augmentations,
  channels,
  checkpointInterval,
  imageSize,
  integer,
  numberFromZero,
  oneOf,
  positiveNumber,
} from '../option-values.js';
import { grouped, lossAndAccuracy, plural, print, printFacts, printJson } from '../print.js';
import { shellWord } from '../shell-word.js';
import { type RunFlags, settingsOfRun } from '../train-config.js';

interface TrainOptions extends RunFlags {
  out?: string;
  resume?: string;
  printConfig?: boolean;
  profile?: boolean;
  report: boolean;
  json?: boolean;
}

/** What `--resume` takes over from the run. */
const FIXED_ON_RESUME = {
  recipe: '--recipe',
  model: '--model',
  dataset: '--dataset',
  imageSize: '--image-size',
  channels: '--channels',
  resize: '--resize',
  augment: '--augment',
  batchSize: '--batch-size',
  optimizer: '--optimizer',
  weightDecay: '--weight-decay',
  limit: '--limit',
  seed: '--seed',
  out: '--out',
} as const;

/** Adds `residuum train`. */
export function addTrainCommand(program: Command): void {
  const models = Object.keys(applications).join(', ');
  const datasets = datasetCatalog.map(({ name }) => name).join(', ');
  const changes = augmentationNames.filter((name) => name !== 'normalize').join(', ');
  const command = program
    .command('train')
    .description("Trains a network on images. Without options: the article's ResNet-50.")
    .argument('[description]', 'JSON file that describes the run; flags go before it')
    .option(
      '--recipe <name>',
      `a description that ships with residuum: ${recipeNames().join(', ')}`,
    )
    .option(
      '--print-config',
      'print the description of the run with all defaults, and train nothing',
    )
    .option('--model <name>', `network: ${models}, a run or a model file (default: resnet50)`)
    .option(
      '--dataset <name>',
      `data set: ${datasets}, or a folder of images, DIR/class/*.png|jpg, or a .npz file of Keras's form (default: ${datasetCatalog[0].name})`,
    )
    .option('--data <folder>', 'folder with the files of the data set')
    .option('--image-size <n>', 'of a folder of images: 64, or 48x64, height first', imageSize)
    .option('--channels <n>', 'of a folder of images: 1 for grey, 3 for RGB (default: 3)', channels)
    .option(
      '--resize <mode>',
      `of a folder of images: ${RESIZE_MODES.join(', ')} (default: cover)`,
      oneOf(RESIZE_MODES),
    )
    .option('--epochs <n>', 'passes over the data (default: 2)', integer(1, 1e6))
    .option(
      '--batch-size <n>',
      `images in a step (default: ${DEFAULT_BATCH_SIZES.large}, or ${DEFAULT_BATCH_SIZES.small} for fewer than ${grouped(LARGE_DATASET)} images)`,
      integer(1, 1e6),
    )
    .option(
      '--optimizer <name>',
      `${optimizerNames.join(', ')} (default: adam)`,
      oneOf(optimizerNames),
    )
    .option('--learning-rate <x>', 'default: 0.01 for sgd, else 0.001', positiveNumber)
    .option(
      '--weight-decay <x>',
      'decoupled decay of weights (default: 0.004 for adamw, else 0)',
      numberFromZero,
    )
    .option(
      '--augment <names>',
      `change training images at random: ${changes}; none for none; options go into a run's JSON file`,
      augmentations,
    )
    .option('--limit <n>', 'use only so many images of each part', integer(1))
    .option('--seed <n>', 'first weights, order of images and dropout (default: 0)', integer(0));
  addEngineOptions(command)
    .option('--out <folder>', 'folder of the run (default: the next free one in runs/)')
    .option(
      '--checkpoint-every <interval>',
      'save within epochs too: after so many steps (500) or after a time (30s, 5m, 1h) (default: 5m)',
      checkpointInterval,
    )
    .option('--profile', 'take the time of every kernel call and show where it goes at the end')
    .option('--no-report', 'write no report.html at the end')
    .option('--resume <run>', 'go on with a run; --epochs and --learning-rate may change');
  addJsonOption(command)
    .addHelpText(
      'after',
      '\nCtrl-C finishes the step, saves, and says how to go on.\n\nExamples:\n  residuum train\n  residuum train --model small-resnet --limit 1000 --epochs 1\n  residuum train --recipe fast\n  residuum train --dataset photos --image-size 64 --model small-resnet --augment flip,padCrop\n  residuum train --dataset cifar10 --data cifar-10-batches-bin --model resnet-20\n  residuum train --print-config > run.json && residuum train run.json\n  residuum train --resume runs/resnet50-fashion-mnist-mini-1',
    )
    .action(train);
}

async function train(description: string | undefined, options: TrainOptions): Promise<void> {
  if (options.printConfig === true) {
    const settings =
      options.resume === undefined
        ? await settingsOfRun(description, options)
        : (await (await RunFolder.open(options.resume)).readRecord()).settings;
    print(JSON.stringify(configOfSettings(settings), undefined, 2));
    return;
  }
  const json = options.json === true;
  let bar: ProgressBar | undefined;
  const download = json ? undefined : downloadBar();
  const signal = listenForInterruption(() => {
    bar?.finish();
    process.stderr.write('Stopping after this step. Press Ctrl-C again to stop at once.\n');
  });
  let run: TrainingRun;
  try {
    run = await prepare(description, options, {
      signal,
      onDownload: download,
      profile: options.profile,
    });
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
    process.stderr.write('residuum: stopped before training began; nothing was saved.\n');
    process.exitCode = EXIT_INTERRUPTED;
    return;
  }
  if (!json) {
    describe(run);
    bar = progressBar();
  }
  try {
    const callbacks = bar === undefined ? [] : [bar];
    const onEvent = json ? printJson : undefined;
    const outcome = await run.train({ signal, callbacks, onEvent, report: options.report });
    if (outcome.status === 'interrupted') process.exitCode = EXIT_INTERRUPTED;
    if (!json) {
      showProfile(run);
      conclude(run, outcome);
    }
  } finally {
    bar?.finish();
  }
}

async function prepare(
  description: string | undefined,
  options: TrainOptions,
  hooks: Parameters<typeof startRun>[2],
): Promise<TrainingRun> {
  if (options.resume !== undefined) {
    const { epochs, learningRate, data: dataDir, executor, replicas, gemm } = options;
    const { checkpointEvery: checkpoint } = options;
    if (description !== undefined) {
      throw new ValueError(
        `${description} cannot be given with --resume: the run keeps its own description.`,
      );
    }
    for (const [name, flag] of Object.entries(FIXED_ON_RESUME)) {
      if (options[name as keyof typeof FIXED_ON_RESUME] === undefined) continue;
      throw new ValueError(`${flag} cannot be given with --resume: the run keeps its own.`);
    }
    const changes: ResumeChanges = {
      epochs,
      learningRate,
      dataDir,
      executor,
      replicas,
      gemm,
      checkpoint,
    };
    return resumeRun(options.resume, changes, hooks);
  }
  const command = ['residuum', ...process.argv.slice(2).map(shellWord)].join(' ');
  const settings = await settingsOfRun(description, options);
  return startRun(settings, options.out, { ...hooks, command, recipe: options.recipe });
}

const ORIGINS = {
  folder: 'from',
  cache: 'from the cache',
  system: 'from',
  package: 'comes with residuum:',
  download: 'downloaded to',
} as const;

function describe(run: TrainingRun): void {
  const { settings, data, parameters, engine, position } = run.record;
  const { epochs, batchSize, optimizer, learningRate, weightDecay, seed } = settings;
  const decay = (weightDecay ?? 0) === 0 ? '' : `, weight decay ${weightDecay}`;
  const shape = `${data.imageShape.join('×')}, ${data.classNames.length} classes`;
  const counts = `${grouped(data.train)} training, ${grouped(data.validation)} validation, ${grouped(data.test)} test images`;
  const rate = settings.schedule?.name ?? run.model.optimizer.learningRate ?? learningRate;
  printFacts([
    ['Data', `${data.title}, ${shape}: ${counts}`],
    ['', `${ORIGINS[data.origin]} ${data.where}`],
    [
      'Model',
      `${settings.model}, ${applications[settings.model]?.title ?? 'a model'}: ${grouped(parameters)} parameters`,
    ],
    ['Engine', describeEngine(engine)],
    [
      'Training',
      `${plural(epochs, 'epoch')}, batches of ${batchSize}, ${optimizer}, learning rate ${rate}${decay}, seed ${seed}`,
    ],
    ['Run', run.path],
  ]);
  if (run.resumed) {
    print(
      position.epoch >= epochs
        ? 'Goes on with the test: all epochs are done.'
        : `Goes on in epoch ${position.epoch + 1} after ${plural(position.samples, 'image')}.`,
    );
  }
  for (const note of run.notes) print(`Note: ${note}`);
  print();
}

function describeEngine({ executor, replicas, gemm }: ExecutorDescription): string {
  return `${executor}, ${plural(replicas, 'replica')}, matrix products by ${gemm}`;
}

function conclude(run: TrainingRun, outcome: RunOutcome): void {
  const { path, record } = run;
  if (outcome.status === 'interrupted') {
    const { epoch, samples } = outcome.position;
    const within =
      samples > 0
        ? `epoch ${epoch + 1} after ${plural(samples, 'image')}`
        : `${plural(epoch, 'epoch')}`;
    print(`Interrupted; saved ${within} in ${path}`);
    print(`Go on with:  residuum train --resume ${shellWord(path)}`);
    return;
  }
  const { data, history } = record;
  const seconds = history.reduce((sum, { figures }) => sum + (figures.seconds ?? 0), 0);
  print();
  printFacts([
    ...(outcome.validation.loss === undefined
      ? []
      : [
          [
            'Validation',
            `${lossAndAccuracy(outcome.validation)} on ${plural(data.validation, 'image')}`,
          ] as const,
        ]),
    ['Test', `${lossAndAccuracy(outcome.test)} on ${plural(data.test, 'image')}`],
    ...(run.report === undefined ? [] : [['Report', run.report] as const]),
    ['Saved', `${path} after ${plural(history.length, 'epoch')} in ${formatSeconds(seconds)}`],
  ]);
  if (run.reportError !== undefined) print(`\nNote: ${run.reportError}`);
  const lag = explainLag(record);
  if (lag !== undefined) print(`\nNote: ${lag}`);
  const word = shellWord(path);
  print();
  print('Next:');
  print(`  residuum predict ${word} IMAGE.png   what is on a picture`);
  print(`  residuum evaluate ${word}            the test again`);
  print(`  residuum summary ${word}             the layers`);
}

/** The dearest layers are shown; the file has all, call by call. */
const LAYERS_SHOWN = 25;

function showProfile({ profiles, path }: TrainingRun): void {
  const main = mainProfile(profiles);
  if (main === undefined) return;
  print(`\n${formatStepProfile(main, { layers: LAYERS_SHOWN })}`);
  for (const { name, samples, runs, milliseconds } of profiles) {
    if (name === main.name && samples === main.samples) continue;
    print(`${name}, ${samples} samples: ${milliseconds.toFixed(1)} ms (mean of ${runs})`);
  }
  print(`All kernel calls are in ${join(path, 'profile.json')}`);
}

/** Steps after which moving statistics of momentum 0.99 have all but forgotten where they began. */
const STEPS_TO_SETTLE = 460;
const NOTABLE_LAG = 0.2;

/** Why validation is far behind training after few steps, when it is. */
function explainLag({ history, data, settings }: RunRecord): string | undefined {
  const steps = history.length * Math.ceil(data.train / settings.batchSize);
  const { accuracy = 0, valAccuracy = 0 } = history.at(-1)?.figures ?? {};
  if (steps >= STEPS_TO_SETTLE || accuracy - valAccuracy < NOTABLE_LAG) return undefined;
  return `validation is far behind training because the moving statistics of batch normalization need some ${STEPS_TO_SETTLE} steps to settle, and this run had ${steps}; use more --epochs or a smaller --batch-size.`;
}
