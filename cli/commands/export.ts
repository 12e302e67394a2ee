import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { DataError, ExecutorError } from '../../src/core/errors.js';
import { openModel, requireExportFormat } from '../../src/node/model-interchange.js';
import { transferBar } from '../../src/node/transfer-bar.js';
import { exportFormatNames, exportModel, verifyExport } from '../../src/node.js';
import { bareName } from '../bare-name.js';
import { addJsonOption, oneOf } from '../option-values.js';
import { grouped, print, printFacts, printJson } from '../print.js';

interface ExportCommandOptions {
  to: string;
  out?: string;
  verify?: boolean;
  foldBatchNorm?: boolean;
  compile: boolean;
  force?: boolean;
  json?: boolean;
}

/** Adds `residuum export`. */
export function addExportCommand(program: Command): void {
  const names = exportFormatNames();
  const command = program
    .command('export')
    .description('Writes a model in a format of others, with a receipt of what it computes.')
    .argument('<run>', 'folder of a run, or a model file')
    .requiredOption('--to <format>', names.join(', '), oneOf(names))
    .option('--out <file>', 'file to write (default: named after the run, in this folder)')
    .option('--verify', 'run the written file on the inputs of its receipt')
    .option('--fold-batch-norm', 'ONNX: fold batch normalisations into convolutions')
    .option('--no-compile', 'Keras: leave out how the model is trained')
    .option('--force', 'replace a file that exists');
  addJsonOption(command)
    .addHelpText('after', '\nExample:\n  residuum export runs/NAME --to onnx --verify')
    .action(exportCommand);
}

async function exportCommand(run: string, options: ExportCommandOptions): Promise<void> {
  const { to, verify, foldBatchNorm, compile, force = false, json = false } = options;
  const format = requireExportFormat(to);
  const path = options.out ?? `${bareName(run)}${format.extensions[0]}`;
  if (existsSync(path) && (!force || resolve(path) === resolve(run))) {
    throw new DataError(`${path} exists already; choose another --out, or replace it by --force.`);
  }
  const bar = json ? undefined : transferBar();
  const onProgress = bar?.onProgress;
  const model = await openModel(run, { onProgress }).finally(() => bar?.finish());
  try {
    const exported = await exportModel(model, path, {
      format: to,
      foldBatchNorm,
      compile,
      onProgress,
    });
    bar?.finish();
    const { bytes, receiptPath, receipt } = exported;
    const verification = verify === true ? await verifyExport(model, exported) : undefined;
    const { sha256, python } = receipt;
    if (json) printJson({ file: path, bytes, sha256, receipt: receiptPath, verification, python });
    else {
      printFacts([
        ['Written', `${path}  (${format.title}, ${grouped(bytes)} bytes)`],
        ['Receipt', receiptPath],
        ['SHA-256', sha256],
      ]);
      if (python.length > 0) {
        print(`Recheck in Python, in the folder of the file:\n  ${python.join('\n  ')}`);
      }
    }
    if (verification === undefined) return;
    const { engine, error, passed, tolerance } = verification;
    const figure = `relative difference ${error.toExponential(1)}, at most ${tolerance} allowed`;
    if (!passed) {
      throw new ExecutorError(
        `${path} was written, but does not compute what the model computes: ${figure}.`,
      );
    }
    if (!json) print(`Verified by ${engine}: ${figure}.`);
  } finally {
    bar?.finish();
    await model.dispose();
  }
}
