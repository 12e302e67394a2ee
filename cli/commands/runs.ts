import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { ValueError } from '../../src/core/errors.js';
import { formatSeconds } from '../../src/node/progress-bar.js';
import { compareRuns, listRuns, type RunSummary, removeRun, summarizeRun } from '../../src/node.js';
import { addJsonOption, oneOf, positiveNumber } from '../option-values.js';
import { plural, print, printJson, printTable } from '../print.js';

const STATUSES = ['done', 'interrupted', 'failed', 'killed'] as const;

interface ListOptions {
  json?: boolean;
}

interface PruneOptions extends ListOptions {
  in: string;
  status?: (typeof STATUSES)[number];
  olderThan?: number;
  dryRun?: boolean;
  yes?: boolean;
}

/** Adds `residuum runs`. */
export function addRunsCommand(program: Command): void {
  const command = program
    .command('runs')
    .description('Lists, compares and removes runs.')
    .addHelpText(
      'after',
      '\nExamples:\n  residuum runs\n  residuum runs compare runs/a runs/b\n  residuum runs prune --status failed --dry-run',
    );
  addJsonOption(
    command
      .command('list', { isDefault: true })
      .description('The runs in a folder, the oldest first.')
      .argument('[folder]', 'folder that runs are in', 'runs'),
  )
    .addHelpText('after', '\nExample:\n  residuum runs list experiments')
    .action(list);
  addJsonOption(
    command
      .command('compare')
      .description('The settings that differ between runs, and their figures.')
      .argument('<runs...>', "folders that 'residuum train' made"),
  )
    .addHelpText('after', '\nExample:\n  residuum runs compare runs/a runs/b')
    .action(compare);
  addJsonOption(
    command
      .command('prune')
      .description(
        'Removes runs: those named, or all of a status or an age; never one that is running.',
      )
      .argument('[runs...]', "folders that 'residuum train' made")
      .option('--in <folder>', 'folder that runs are looked for in', 'runs')
      .option('--status <name>', `runs that are ${STATUSES.join(', ')}`, oneOf(STATUSES))
      .option('--older-than <days>', 'runs that were last written so many days ago', positiveNumber)
      .option('--dry-run', 'only tell which')
      .option('--yes', 'do not ask'),
  )
    .addHelpText('after', '\nExample:\n  residuum runs prune --status failed --older-than 7')
    .action(prune);
}

async function list(folder: string, { json }: ListOptions): Promise<void> {
  const { runs, unreadable } = await listRuns(folder);
  if (json === true) {
    for (const run of runs) printJson(asJson(run));
    for (const run of unreadable) printJson(run);
    return;
  }
  if (runs.length === 0 && unreadable.length === 0) print(`There are no runs in ${folder}.`);
  else if (runs.length > 0) printTable(HEADER, runs.map(row));
  for (const { problem } of unreadable) print(`Note: ${problem}`);
}

const HEADER = ['run', 'status', 'model', 'data', 'epochs', 'validation', 'test', 'time', 'MB'];

function row({ path, status, record, seconds, bytes }: RunSummary): string[] {
  const { settings, history, test } = record;
  const percent = (share: number | undefined) =>
    share === undefined ? '' : `${(100 * share).toFixed(2)} %`;
  return [
    path,
    status,
    settings.model,
    settings.dataset,
    `${history.length}/${settings.epochs}`,
    percent(history.at(-1)?.figures.valAccuracy),
    percent(test?.accuracy),
    formatSeconds(seconds),
    (bytes / 1e6).toFixed(1),
  ];
}

function asJson({ path, status, record, seconds, bytes }: RunSummary) {
  const { created, updated, settings, position, history, test, failure } = record;
  const last = history.at(-1)?.figures;
  const common = { path, status, created, updated, settings, position, epochs: history.length };
  return { ...common, last, test, failure, seconds, bytes };
}

async function compare(paths: string[], { json }: ListOptions): Promise<void> {
  if (paths.length < 2) {
    throw new ValueError(`runs are compared with one another, but only ${paths[0]} was named.`);
  }
  const runs: RunSummary[] = [];
  for (const path of paths) runs.push(await summarizeRun(path));
  const { settings, figures } = compareRuns(runs);
  if (json === true) {
    printJson({ runs: paths, settings, figures });
    return;
  }
  const text = (value: string | number | undefined) =>
    typeof value === 'number' ? String(Number(value.toPrecision(6))) : (value ?? '');
  const rows = (part: typeof settings) =>
    part.map(({ name, values }) => [name, ...values.map(text)]);
  printTable(['', ...paths], [...rows(settings), ...rows(figures)]);
  if (settings.length === 0) print('All settings are the same.');
}

async function prune(paths: string[], options: PruneOptions): Promise<void> {
  const runs = await chosen(paths, options);
  const running = runs.filter(({ status }) => status === 'running');
  const removable = runs.filter(({ status }) => status !== 'running');
  const { json, dryRun, yes } = options;
  if (json !== true) {
    for (const { path } of running) print(`Note: ${path} is running and stays.`);
    if (removable.length === 0) print('There is nothing to remove.');
    else printTable(HEADER, removable.map(row));
  }
  if (json === true && dryRun === true) {
    for (const { path } of removable) printJson({ wouldRemove: path });
  }
  if (removable.length === 0 || dryRun === true) return;
  if (yes !== true && !(await agrees(removable.length))) {
    print('Nothing was removed.');
    return;
  }
  for (const { path } of removable) {
    await removeRun(path);
    if (json === true) printJson({ removed: path });
  }
  if (json !== true) print(`Removed ${plural(removable.length, 'run')}.`);
}

async function chosen(paths: string[], options: PruneOptions): Promise<RunSummary[]> {
  const { status, olderThan } = options;
  if (paths.length === 0 && status === undefined && olderThan === undefined) {
    throw new ValueError(
      'nothing says which runs to remove; name them, or give --status or --older-than.',
    );
  }
  const named: RunSummary[] = [];
  for (const path of paths) named.push(await summarizeRun(path));
  const runs = paths.length > 0 ? named : (await listRuns(options.in)).runs;
  const latest = Date.now() - (olderThan ?? 0) * DAY;
  return runs.filter((run) => {
    const isOld = olderThan === undefined || Date.parse(run.record.updated) < latest;
    return isOld && (status === undefined || run.status === status);
  });
}

const DAY = 24 * 60 * 60 * 1000;

async function agrees(count: number): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw new ValueError(`${plural(count, 'run')} would be removed; confirm it by --yes.`);
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(`Remove ${plural(count, 'run')}? [y/N] `);
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}
