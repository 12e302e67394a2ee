#!/usr/bin/env node
import { Command } from 'commander';
import { VERSION } from '../src/node.js';
import { addBenchCommand } from './commands/bench.js';
import { addDoctorCommand } from './commands/doctor.js';
import { addEvaluateCommand } from './commands/evaluate.js';
import { addExportCommand } from './commands/export.js';
import { addImportCommand } from './commands/import.js';
import { addInspectCommand } from './commands/inspect.js';
import { addLabCommand } from './commands/lab.js';
import { addLrFindCommand } from './commands/lr-find.js';
import { addPlanCommand } from './commands/plan.js';
import { addPlotCommand } from './commands/plot.js';
import { addPredictCommand } from './commands/predict.js';
import { addRecipesCommand } from './commands/recipes.js';
import { addReportCommand } from './commands/report.js';
import { addRunsCommand } from './commands/runs.js';
import { addSummaryCommand } from './commands/summary.js';
import { addTrainCommand } from './commands/train.js';
import { interruptCommand } from './interruption.js';
import { reportError } from './report-error.js';

/** Whether the output has failed already. */
let stopping = false;

const program = new Command('residuum')
  .description('Builds, trains and explains residual networks.')
  .version(VERSION)
  .option('--debug', 'show stack traces of errors')
  .addHelpText('after', "\nExample:\n  residuum train\n\n'residuum <command> --help' tells more.")
  .exitOverride()
  // Errors are printed in one place, by reportError.
  .configureOutput({ outputError: () => undefined, writeErr: () => undefined });

addTrainCommand(program);
addEvaluateCommand(program);
addPredictCommand(program);
addReportCommand(program);
addRunsCommand(program);
addRecipesCommand(program);
addSummaryCommand(program);
addExportCommand(program);
addImportCommand(program);
addInspectCommand(program);
addPlanCommand(program);
addPlotCommand(program);
addLrFindCommand(program);
addLabCommand(program);
addDoctorCommand(program);
addBenchCommand(program);

process.stdout.on('error', stopWithoutOutput);
// Whoever read the messages has gone, as `tee` at Ctrl-C; that must not end a run that is being saved.
process.stderr.on('error', () => undefined);

try {
  if (process.argv.length <= 2) program.outputHelp();
  else await program.parseAsync();
} catch (error) {
  const has = (flag: string) => process.argv.includes(flag);
  process.exitCode = reportError(error, { json: has('--json'), debug: has('--debug') });
}

/** Ends the program when its output cannot be written: `head` has read enough, or the disk is full. */
function stopWithoutOutput(error: NodeJS.ErrnoException): void {
  if (stopping) return;
  stopping = true;
  const left = error.code === 'EPIPE';
  if (!left) process.stderr.write(`residuum: cannot write the output: ${error.message}.\n`);
  // A run under way stops as by Ctrl-C and is saved; one that stops already is left to it.
  if (!interruptCommand()) process.exit(left ? 0 : 1);
}
