import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError, ResiduumError } from '../../core/errors.js';
import { configOfSettings } from '../config/settings-of-config.js';
import { errorCode, systemReason } from '../files.js';
import { isRunFolder, RunFolder } from '../run-folder.js';
import type { RunRecord, RunStatus } from './run-record.js';

/** A run in few words. */
export interface RunSummary {
  /** Its folder. */
  readonly path: string;
  /** As `run.json` has it; `killed` when that says running, but no process works on it. */
  readonly status: RunStatus | 'killed';
  /** All that `run.json` tells. */
  readonly record: RunRecord;
  /** Seconds that its epochs took. */
  readonly seconds: number;
  /** Bytes on the disk. */
  readonly bytes: number;
}

/** A run that cannot be read. */
export interface UnreadableRun {
  /** Its folder. */
  readonly path: string;
  /** Why, in a sentence. */
  readonly problem: string;
}

/** One row of a comparison: a value for each run, in their order. */
export interface ComparedRow {
  /** What is compared. */
  readonly name: string;
  /** Undefined for a run that has it not. */
  readonly values: readonly (string | number | undefined)[];
}

/** What distinguishes runs. */
export interface RunComparison {
  /** What was compared. */
  readonly runs: readonly RunSummary[];
  /** Settings that are not the same for all, by their path in a description of a run. */
  readonly settings: readonly ComparedRow[];
  /** Test figures, the last figures of validation, epochs and seconds. */
  readonly figures: readonly ComparedRow[];
}

/**
 * A run in few words.
 * @throws {DataError}, {FormatError} when it cannot be read.
 */
export async function summarizeRun(path: string): Promise<RunSummary> {
  const folder = await RunFolder.open(path);
  const record = await folder.readRecord();
  const isKilled = record.status === 'running' && (await folder.holder()) === undefined;
  const seconds = record.history.reduce((sum, { figures }) => sum + (figures.seconds ?? 0), 0);
  const status = isKilled ? 'killed' : record.status;
  return { path, status, record, seconds, bytes: await bytesOf(path) };
}

/**
 * The runs in a folder, the oldest first, and what looks like one but cannot be read.
 * @throws {DataError} when the folder cannot be looked into.
 */
export async function listRuns(
  folder = 'runs',
): Promise<{ runs: RunSummary[]; unreadable: UnreadableRun[] }> {
  const runs: RunSummary[] = [];
  const unreadable: UnreadableRun[] = [];
  for (const name of await namesIn(folder)) {
    const path = join(folder, name);
    if (!(await isRunFolder(path))) continue;
    try {
      runs.push(await summarizeRun(path));
    } catch (error) {
      if (!(error instanceof ResiduumError)) throw error;
      unreadable.push({ path, problem: error.message });
    }
  }
  runs.sort((a, b) => (a.record.created < b.record.created ? -1 : 1));
  return { runs, unreadable };
}

/** Compares runs: the settings that differ, and all figures. */
export function compareRuns(runs: readonly RunSummary[]): RunComparison {
  const all = runs.map(({ record }) => flatten(configOfSettings(record.settings)));
  const names = [...new Set(all.flatMap((one) => [...one.keys()]))];
  const settings = names
    .map((name) => ({ name, values: all.map((one) => one.get(name)) }))
    .filter(({ values }) => values.some((value) => value !== values[0]));
  const figures = runs.map(figuresOf);
  const figureNames = [...new Set(figures.flatMap((one) => [...one.keys()]))];
  return {
    runs,
    settings,
    figures: figureNames.map((name) => ({ name, values: figures.map((one) => one.get(name)) })),
  };
}

/**
 * Removes a run with all that is in its folder.
 * @throws {DataError} when a process works on it, or it cannot be removed.
 */
export async function removeRun(path: string): Promise<void> {
  const folder = await RunFolder.open(path);
  const holder = await folder.holder();
  if (holder !== undefined) {
    throw new DataError(
      `run ${path} is being trained by process ${holder.pid} on ${holder.host}; it is not removed.`,
    );
  }
  try {
    await rm(path, { recursive: true });
  } catch (error) {
    throw new DataError(`cannot remove the run ${path}: ${systemReason(error)}.`);
  }
}

function figuresOf({ record, seconds }: RunSummary): Map<string, number> {
  const { history, test = {}, validation = {} } = record;
  const { seconds: _, ...last } = history.at(-1)?.figures ?? {};
  const tested = Object.entries(test).map(([name, value]): [string, number] => [
    `test ${name}`,
    value,
  ]);
  const validated = Object.entries(validation).map(([name, value]): [string, number] => [
    `validation ${name}`,
    value,
  ]);
  return new Map([
    ...tested,
    ...validated,
    ...Object.entries(last),
    ['epochs', history.length],
    ['seconds', Math.round(10 * seconds) / 10],
  ]);
}

/** Every value of a description by its path, lists and named things as JSON. */
function flatten(value: object, prefix = ''): Map<string, string | number> {
  const flat = new Map<string, string | number>();
  for (const [key, member] of Object.entries(value) as [string, unknown][]) {
    const path = `${prefix}${key}`;
    if (typeof member === 'number' || typeof member === 'string') flat.set(path, member);
    else if (typeof member === 'object' && member !== null && !Array.isArray(member)) {
      for (const [name, inner] of flatten(member, `${path}.`)) flat.set(name, inner);
    } else if (member !== undefined) flat.set(path, JSON.stringify(member));
  }
  return flat;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (folder === 'runs' && errorCode(error) === 'ENOENT') return [];
    throw new DataError(`cannot look for runs in ${folder}: ${systemReason(error)}.`);
  }
}

async function bytesOf(path: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(path)) {
    const found = await stat(join(path, name)).catch(() => undefined);
    if (found?.isFile()) bytes += found.size;
  }
  return bytes;
}
