import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from '../core/errors.js';
import { VERSION } from '../core/version.js';
import type { LabOptions, LabResult, LabTable } from '../lab/experiment.js';
import { InterruptedExperiment } from '../lab/interrupted-experiment.js';
import { type ExperimentEntry, experiments } from '../lab/lab.js';
import type { PartStore } from '../lab/part-store.js';
import {
  commandFor,
  type LabFailure,
  labReport,
  labSummary,
  type ReportFacts,
} from '../lab/report.js';
import { saveFigure } from './figures/svg-files.js';
import { readFileBounded, systemReason, writeFileAtomic } from './files.js';
import { describeMachine } from './machine.js';
import { requirePackage } from './onnx-sessions.js';

/** Options of `runLab`. */
export interface LabFolderOptions extends Omit<LabOptions, 'store'> {
  /** Folder for all experiments: each gets a folder in it, and `parts` keeps what is finished. */
  folder: string;
  /** The command that is told in the report. */
  command: string;
}

const LARGEST_PART = 2 ** 30;
const PART_NAME = /^[a-z0-9][a-z0-9.-]{0,99}$/;

/** Keeps parts as files of a folder. */
function folderStore(folder: string): PartStore {
  const pathOf = (name: string) => {
    if (!PART_NAME.test(name))
      throw new DataError(`'${name}' is no name of a part of an experiment.`);
    return join(folder, name);
  };
  return {
    async read(name) {
      try {
        return await readFileBounded(pathOf(name), LARGEST_PART, 'a part of an experiment');
      } catch {
        // Not there, or not readable: it is computed again, and a folder that fails is told by writing.
        return undefined;
      }
    },
    async write(name, bytes) {
      await makeFolder(folder);
      await writeFileAtomic(pathOf(name), bytes);
    },
  };
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw new DataError(
      `cannot make the folder ${path}: ${systemReason(error)}; choose another --out.`,
    );
  }
}

/** What is told of the package that computes products by default, where it is installed. */
async function onnxRuntimeVersion(): Promise<string> {
  const manifest = await requirePackage('onnxruntime-node/package.json').catch(() => undefined);
  const version = (manifest as { version?: string } | undefined)?.version;
  return version === undefined ? '' : `, onnxruntime-node ${version}`;
}

async function factsFor(command: string): Promise<ReportFacts> {
  const { cores, processor, node, platform } = describeMachine();
  return {
    command,
    version: VERSION,
    date: new Date().toISOString().slice(0, 10),
    machine: `${processor}, ${cores} core(s), Node ${node}, ${platform}${await onnxRuntimeVersion()}`,
  };
}

function csv({ columns, rows }: LabTable): string {
  const cell = (value: string | number) => {
    const text = String(value);
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...rows].map((row) => `${row.map(cell).join(',')}\n`).join('');
}

async function writeResult(
  result: LabResult<unknown>,
  facts: ReportFacts,
  folder: string,
): Promise<void> {
  await makeFolder(folder);
  const { figures, tables, ...rest } = result;
  const captions = figures.map(({ name, caption }) => ({ name, caption }));
  const json = { format: 'residuum-lab', ...facts, ...rest, figures: captions };
  await writeFileAtomic(join(folder, 'result.json'), `${JSON.stringify(json, undefined, 1)}\n`);
  for (const table of tables) await writeFileAtomic(join(folder, `${table.name}.csv`), csv(table));
  for (const { name, svg } of figures) {
    for (const kind of ['svg', 'png']) await saveFigure(svg, join(folder, `${name}.${kind}`));
  }
  await writeFileAtomic(join(folder, 'report.html'), labReport(result, facts));
}

/**
 * Runs an experiment and leaves a folder with `report.html`, figures as SVG and PNG, `result.json` and
 * tables as CSV. Finished parts are kept in `parts` beside it and not computed again.
 * @throws InterruptedExperiment after the signal. @throws DataError when a file cannot be written.
 */
export async function runLab(
  experiment: ExperimentEntry,
  { folder, command, ...options }: LabFolderOptions,
): Promise<{ result: LabResult<unknown>; folder: string }> {
  // Before anything is computed, so that a folder that cannot be made is told at once.
  await makeFolder(folder);
  const result = await experiment.run({ ...options, store: folderStore(join(folder, 'parts')) });
  const own = join(folder, experiment.name);
  await writeResult(result, await factsFor(command), own);
  return { result, folder: own };
}

/**
 * Runs all experiments and writes one report of all besides those of each. One that fails costs no other:
 * the report says why it is missing, and so does `failures`.
 * @throws InterruptedExperiment after the signal. @throws what the first experiment failed with when all
 * failed, and DataError when the report cannot be written.
 */
export async function runWholeLab(
  options: LabFolderOptions,
  onResult: (result: LabResult<unknown>, folder: string) => void = () => undefined,
): Promise<{
  results: readonly LabResult<unknown>[];
  failures: readonly LabFailure[];
  report: string;
}> {
  const results: LabResult<unknown>[] = [];
  const failures: (LabFailure & { error: unknown })[] = [];
  for (const experiment of experiments) {
    const command = commandFor(options.command, experiment.name);
    try {
      const one = await runLab(experiment, { ...options, command });
      results.push(one.result);
      onResult(one.result, one.folder);
    } catch (error) {
      if (error instanceof InterruptedExperiment || options.signal?.aborted) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      failures.push({ experiment: experiment.name, reason, error });
    }
  }
  if (results.length === 0) throw failures[0].error;
  const report = join(options.folder, 'report.html');
  const facts = await factsFor(options.command);
  await writeFileAtomic(report, labSummary(results, facts, failures));
  return {
    results,
    failures: failures.map(({ experiment, reason }) => ({ experiment, reason })),
    report,
  };
}
