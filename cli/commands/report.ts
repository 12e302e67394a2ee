import type { Command } from 'commander';
import { reportRun } from '../../src/node.js';
import { addJsonOption, integer } from '../option-values.js';
import { print, printFacts, printJson } from '../print.js';

interface ReportOptions {
  data?: string;
  limit?: number;
  json?: boolean;
}

/** Adds `residuum report`. */
export function addReportCommand(program: Command): void {
  const command = program
    .command('report')
    .description(
      'Writes one page about a run: curves, confusion, mistakes, where it looks, calibration, settings.',
    )
    .argument('<run>', "folder that 'residuum train' made")
    .option('--data <folder>', "folder with the data set's files (default: the run's)")
    .option('--limit <n>', 'use only so many test images', integer(1));
  addJsonOption(command)
    .addHelpText('after', '\nExample:\n  residuum report runs/resnet50-fashion-mnist-mini-1')
    .action(report);
}

async function report(path: string, options: ReportOptions): Promise<void> {
  const { data, limit, json } = options;
  const { file, analysis } = await reportRun(path, {
    ...(data !== undefined && { dataDir: data }),
    ...(limit !== undefined && { limit }),
  });
  const { matrix, calibration, classification, classNames } = analysis;
  if (json === true) {
    printJson({
      file,
      samples: classification.size,
      accuracy: matrix.accuracy,
      ece: calibration.ece,
      classes: classNames.map((name, c) => ({
        name,
        recall: matrix.recall[c],
        precision: matrix.precision[c],
        f1: matrix.f1[c],
      })),
      confusion: matrix.counts,
    });
    return;
  }
  const [worst] = matrix.confusions;
  printFacts([
    ['Report', file],
    ['Accuracy', `${(100 * matrix.accuracy).toFixed(2)} % of ${classification.size} test images`],
    ['Calibration', `expected error ${(100 * calibration.ece).toFixed(2)} %`],
  ]);
  if (worst !== undefined) {
    print(
      `Most frequent confusion: ${classNames[worst.actual]} taken for ${classNames[worst.predicted]}, ${worst.count} times`,
    );
  }
}
