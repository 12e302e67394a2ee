#!/usr/bin/env node
import { Command } from 'commander';
import { residuumVersion } from '../src/node/train-run.js';
import { addDoctorCommand } from './commands/doctor.js';
import { addEvaluateCommand } from './commands/evaluate.js';
import { addPredictCommand } from './commands/predict.js';
import { addSummaryCommand } from './commands/summary.js';
import { addTrainCommand } from './commands/train.js';
import { reportError } from './report-error.js';

const program = new Command('residuum')
  .description('Builds, trains and explains residual networks.')
  .version(residuumVersion())
  .option('--debug', 'show stack traces of errors')
  .addHelpText('after', "\nExample:\n  residuum train\n\n'residuum <command> --help' tells more.")
  .exitOverride()
  // Errors are printed in one place, by reportError.
  .configureOutput({ outputError: () => undefined });

addTrainCommand(program);
addEvaluateCommand(program);
addPredictCommand(program);
addSummaryCommand(program);
addDoctorCommand(program);

// A reader such as `head` may leave early; nobody is left to tell.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

try {
  if (process.argv.length <= 2) program.outputHelp();
  else await program.parseAsync();
} catch (error) {
  const has = (flag: string) => process.argv.includes(flag);
  process.exitCode = reportError(error, { json: has('--json'), debug: has('--debug') });
}
