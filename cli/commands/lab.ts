import type { Command } from 'commander';
import { ValueError } from '../../src/core/errors.js';
import {
  type ExperimentEntry,
  experiments,
  findExperiment,
  InterruptedExperiment,
  type LabFolderOptions,
  type LabProgress,
  type LabResult,
  runLab,
  runWholeLab,
} from '../../src/node/lab.js';
import { formatSeconds } from '../../src/node/progress-bar.js';
import { loadDataset } from '../../src/node.js';
import { downloadBar } from '../download-bar.js';
import { EXIT_INTERRUPTED, listenForInterruption } from '../interruption.js';
import { chooseLabDataset, labDatasets } from '../lab-dataset.js';
import { addEngineOptions, addJsonOption, type EngineOptions, integer } from '../option-values.js';
import { print, printJson } from '../print.js';

interface LabCommandOptions extends EngineOptions {
  quick?: boolean;
  full?: boolean;
  seeds?: number;
  depth?: number;
  width?: number;
  dataset?: string;
  data?: string;
  out: string;
  json?: boolean;
}

const DEFAULT_FOLDER = 'runs/lab';
const REDRAW_MILLISECONDS = 200;

/** Adds `residuum lab`. */
export function addLabCommand(program: Command): void {
  const names = experiments.map(({ name }) => name).join(', ');
  const command = program
    .command('lab')
    .description('Experiments that show why residual networks work. Without a name: the list.')
    .argument('[name]', `experiment: ${names}; or all`)
    .option('--quick', 'a few minutes at most (default)')
    .option(
      '--full',
      "the paper's settings, or as near as is sane: hours to days for most, which the list tells",
    )
    .option('--seeds <n>', 'repetitions with seeds 0, 1, …', integer(1, 1000))
    .option(
      '--depth <n>',
      'weighted layers of the deepest network; not 20 where one of 20 is compared with it',
      integer(2, 2000),
    )
    .option(
      '--width <n>',
      'channels of the first stage, or units of a dense layer',
      integer(1, 65_536),
    )
    .option(
      '--dataset <name>',
      `images of 10 classes: ${labDatasets.join(', ')} (default: fashion-mnist-mini; with --full fashion-mnist where this machine has it)`,
    )
    .option('--data <folder>', 'folder with the files of the data set');
  addEngineOptions(command).option(
    '--out <folder>',
    'where results and finished parts are kept',
    DEFAULT_FOLDER,
  );
  addJsonOption(command)
    .addHelpText(
      'after',
      '\nFinished parts are kept: the same command goes on after Ctrl-C, and computes nothing twice.\n\nExamples:\n  residuum lab\n  residuum lab degradation --seeds 3\n  residuum lab all --out lab-report',
    )
    .action(lab);
}

async function lab(name: string | undefined, options: LabCommandOptions): Promise<void> {
  if (name === undefined) return listExperiments(options.json === true);
  if (options.quick && options.full)
    throw new ValueError('--quick and --full exclude each other; give one of them.');
  const chosen = name === 'all' ? experiments : [findExperiment(name)];
  const json = options.json === true;
  const shown = json ? undefined : new ProgressLine();
  const signal = listenForInterruption(() => {
    shown?.finish();
    process.stderr.write('Stopping after this step. Press Ctrl-C again to stop at once.\n');
  });
  try {
    const settings = await settingsFor(name, chosen, options, signal, shown);
    if (name === 'all') {
      const { report, failures } = await runWholeLab(settings, (result, folder) =>
        conclude(result, folder, json, shown),
      );
      if (json) printJson({ event: 'report', report, failures });
      else print(`Report of all experiments: ${report}`);
      for (const { experiment, reason } of failures) {
        process.stderr.write(`residuum: ${experiment} failed: ${reason}\n`);
        process.exitCode = 1;
      }
    } else {
      const { result, folder } = await runLab(chosen[0], settings);
      conclude(result, folder, json, shown);
    }
  } catch (error) {
    if (!(error instanceof InterruptedExperiment) && !(signal.aborted && error === signal.reason))
      throw error;
    if (json) printJson({ event: 'interrupted' });
    process.stderr.write(
      'residuum: stopped; finished parts are kept, and the same command goes on from there.\n',
    );
    process.exitCode = EXIT_INTERRUPTED;
  } finally {
    shown?.finish();
  }
}

async function settingsFor(
  name: string,
  chosen: readonly ExperimentEntry[],
  options: LabCommandOptions,
  signal: AbortSignal,
  shown: ProgressLine | undefined,
): Promise<LabFolderOptions> {
  const { full, seeds, depth, width, data: dataDir, out, executor, replicas, gemm } = options;
  const dataset = chosen.some(({ usesData }) => usesData)
    ? await chooseLabDataset(options)
    : undefined;
  const loaded =
    dataset === undefined
      ? undefined
      : await loadDataset(dataset, {
          dataDir,
          signal,
          ...(shown && { onProgress: downloadBar() }),
        });
  const flags = [
    ...(full ? ['--full'] : []),
    ...Object.entries({
      seeds,
      depth,
      width,
      dataset,
      data: dataDir,
      executor,
      replicas,
      gemm,
    }).flatMap(([flag, value]) => {
      return value === undefined
        ? []
        : [`--${flag}`, /^[\w./-]+$/.test(String(value)) ? String(value) : `'${value}'`];
    }),
  ];
  return {
    folder: out,
    command: ['residuum lab', name, ...flags].join(' '),
    data: loaded,
    scale: full ? 'full' : 'quick',
    seeds,
    depth,
    width,
    signal,
    engine: { executor, replicas, gemm },
    onProgress:
      shown === undefined
        ? (progress) => printJson({ event: 'progress', ...progress })
        : shown.show,
  };
}

function listExperiments(json: boolean): void {
  for (const { name, title, question, cost, paper, reservations } of experiments) {
    if (json) {
      printJson({ name, title, question, cost, paper, reservations });
      continue;
    }
    print(name);
    print(`  ${question}`);
    print(`  Cost: ${cost.quick}. With --full: about ${cost.full}. After ${paper}.`);
    for (const line of reservations) print(`  Not in every seed: ${line}.`);
  }
  if (!json) print("\n'residuum lab NAME' runs one, 'residuum lab all' runs them all.");
}

function conclude(
  result: LabResult<unknown>,
  folder: string,
  json: boolean,
  shown: ProgressLine | undefined,
): void {
  const { experiment, title, measured, checks, seconds } = result;
  if (json) {
    printJson({ event: 'result', experiment, folder, seconds, measured, checks });
    return;
  }
  shown?.finish();
  print(title);
  for (const line of measured) print(`  ${line}`);
  for (const { claim, holds, seeds, source, remark } of checks) {
    print(
      `  ${holds === seeds ? '✓' : holds === 0 ? '✗' : '~'} ${source}: ${claim} (${holds} of ${seeds})`,
    );
    if (remark !== undefined) print(`    ${remark}`);
  }
  print(`  Report: ${folder}/report.html`);
}

/** One line that changes on a terminal; a line for each part elsewhere. */
class ProgressLine {
  #open = false;
  #drawn = 0;
  #part = '';

  readonly show = ({ experiment, part, done, secondsLeft }: LabProgress): void => {
    const { stdout } = process;
    const left = secondsLeft === undefined ? '' : `, ${formatSeconds(secondsLeft)} left`;
    const text = `${experiment} ${(100 * done).toFixed(0)} %${left}: ${part}`;
    const isNew = part !== this.#part;
    this.#part = part;
    if (!stdout.isTTY) {
      if (isNew) print(text);
      return;
    }
    const now = performance.now();
    if (!isNew && now - this.#drawn < REDRAW_MILLISECONDS) return;
    this.#drawn = now;
    this.#open = true;
    stdout.write(`\r${text.slice(0, stdout.columns - 1)}\x1b[K`);
  };

  finish(): void {
    if (this.#open) print();
    this.#open = false;
  }
}
