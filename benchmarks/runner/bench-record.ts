import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { commandLine } from './launcher.js';
import type { Absence, Contender, Figures, Measurement, Question, Ratio } from './question.js';
import { repository } from './repository.js';
import { median } from './statistics.js';

/** A contender's figures as they are kept. */
export interface ContenderRecord {
  label: string;
  side: string;
  /** The variant chosen, and how the variants compared. */
  variant?: string;
  calibration?: string;
  unit: string;
  median: number;
  low: number;
  high: number;
  rounds: number;
  /** Most cores that other programs kept busy during a round. */
  disturbance: number;
  peakMebibytes?: number;
  versions: Readonly<Record<string, string>>;
  /** What repeats the figure by hand. */
  command: string;
}

/** The answer to a question as it is kept. */
export interface AnswerRecord {
  title: string;
  date: string;
  /** What repeats the whole comparison. */
  command: string;
  /** The commit that was measured, where it is known. */
  commit?: string;
  /** Load average before the run: cores that other programs kept busy. */
  loadBefore: number;
  ratios: readonly Ratio[];
  contenders: readonly ContenderRecord[];
  absent: readonly { label: string; problem: string }[];
}

/** A file of results: answers by the question's letter. */
export interface BenchRecord {
  machine: { processor: string; cores: number; gibibytes: number; system: string };
  answers: Record<string, AnswerRecord>;
}

const MEBIBYTE = 2 ** 20;
const FOLDER = join(repository, 'benchmarks/results');

/** The answer to a question by the figures of a run. */
export function answerOf(
  question: Question,
  figures: Figures,
  run: { command: string; commit?: string; load: number },
): AnswerRecord {
  const ids = new Set(question.contenders().map(({ id }) => id));
  const concerns = ({ contender }: { contender: Contender }) => ids.has(contender.id);
  return {
    title: question.title,
    date: new Date().toISOString(),
    command: run.command,
    ...(run.commit !== undefined && { commit: run.commit }),
    loadBefore: round(run.load),
    ratios: question.judge(figures).map(rounded),
    contenders: [...figures.measured.values()].filter(concerns).map(contenderRecord),
    absent: figures.absent.filter(concerns).map(absenceRecord),
  };
}

/**
 * Puts answers into the file of the day and processor, beside those of earlier runs on that day, and
 * returns the whole with the file's path, without its ending.
 */
export function keepAnswers(
  answers: Readonly<Record<string, AnswerRecord>>,
  suffix: string,
): { record: BenchRecord; path: string } {
  const processor = cpus()[0]?.model.trim() || 'unknown processor';
  const name = processor
    .toLowerCase()
    .replace(/\(r\)|\(tm\)|processor|cpu|@.*/g, ' ')
    .trim()
    .replace(/[^a-z0-9]+/g, '-');
  const day = new Date().toISOString().slice(0, 10);
  const path = join(FOLDER, `${day}-${name}${suffix}`);
  const file = `${path}.json`;
  const machine = {
    processor,
    cores: cpus().length,
    gibibytes: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform}-${process.arch}`,
  };
  const before = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as BenchRecord).answers
    : {};
  const sorted = Object.entries({ ...before, ...answers }).sort(([a], [b]) => (a < b ? -1 : 1));
  const record = { machine, answers: Object.fromEntries(sorted) };
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(file, `${JSON.stringify(record, undefined, 2)}\n`);
  return { record, path };
}

function contenderRecord(measurement: Measurement): ContenderRecord {
  const { contender, variant, calibration, values, disturbance, peakBytes, versions } = measurement;
  return {
    label: contender.label,
    side: contender.side,
    ...(variant.name !== '' && { variant: variant.name }),
    calibration,
    unit: contender.mode === 'cold' ? 's' : contender.unit,
    median: round(median(values)),
    low: round(Math.min(...values)),
    high: round(Math.max(...values)),
    rounds: values.length,
    disturbance: Number(disturbance.toFixed(2)),
    ...(peakBytes !== undefined && { peakMebibytes: Math.round(peakBytes / MEBIBYTE) }),
    versions,
    command: commandLine(variant, contender.cores),
  };
}

function absenceRecord({ contender, problem }: Absence): { label: string; problem: string } {
  // A reason may name folders of the machine that it came up on.
  return { label: contender.label, problem: problem.replaceAll(repository, '').slice(0, 300) };
}

const round = (value: number): number => Number(value.toPrecision(4));

function rounded(ratio: Ratio): Ratio {
  return { ...ratio, value: round(ratio.value), low: round(ratio.low), high: round(ratio.high) };
}
