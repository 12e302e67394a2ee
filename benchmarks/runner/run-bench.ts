import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { relative } from 'node:path';
import { ValueError } from 'residuum';
import { allQuestions } from '../questions/all-questions.js';
import { type AnswerRecord, answerOf, keepAnswers } from './bench-record.js';
import { Calibrations } from './calibrations.js';
import { drawRatios } from './draw-ratios.js';
import { formatAnswers } from './format-table.js';
import { Launcher } from './launcher.js';
import { measureGroup } from './measure-group.js';
import type { Absence, Contender, Measurement, Question } from './question.js';
import { measuredCommit, repository } from './repository.js';

/** What to measure and how long. */
export interface BenchOptions {
  /** Letters of questions; all by default. */
  questions?: readonly string[];
  /** Default 7; 3 if quick. */
  rounds?: number;
  /** Least time of a turn; default 4; 1 if quick. */
  seconds?: number;
  /** Images of the epoch that K trains; default the whole 55,000; 10,000 if quick. */
  epochImages?: number;
  /** Few rounds, variants as calibrated before, a part of the epoch. */
  quick: boolean;
}

/** Load average above which a machine is not idle. */
const BUSY_LOAD = 0.5;
const PACE = { rounds: 7, seconds: 4 };
const QUICK_PACE = { rounds: 3, seconds: 1 };

/**
 * Measures the contenders of the questions, prints the answers and keeps them in benchmarks/results.
 * @throws {ValueError} for a letter that is no question's.
 */
export async function runBench(options: BenchOptions): Promise<void> {
  const { quick, epochImages } = options;
  const questions = select(allQuestions(quick, epochImages), options.questions);
  const pace = quick ? QUICK_PACE : PACE;
  const { rounds = pace.rounds, seconds = pace.seconds } = options;
  const log = (line: string) => process.stderr.write(`${line}\n`);
  const setting = {
    launcher: new Launcher(log),
    calibrations: new Calibrations(quick),
    pace: { rounds, secondsPerTurn: seconds },
    quick,
    log,
  };
  const [load] = loadavg();
  if (load > BUSY_LOAD) {
    log(`Other programs keep ${load.toFixed(1)} cores busy: the figures will suffer.`);
  }
  const measured = new Map<string, Measurement>();
  const absent: Absence[] = [];
  const started = performance.now();
  const since = () => `${Math.round((performance.now() - started) / 1000)} s`;
  for (const [group, contenders] of groupsOf(questions)) {
    log(`${group}: ${contenders.length} contenders (${since()})`);
    const result = await measureGroup(contenders, setting);
    for (const measurement of result.measured) measured.set(measurement.contender.id, measurement);
    absent.push(...result.absent);
  }
  const answers: Record<string, AnswerRecord> = {};
  const commit = measuredCommit();
  for (const question of questions) {
    const command = commandOf(question.letter, { rounds, seconds, epochImages, quick });
    answers[question.letter] = answerOf(question, { measured, absent }, { command, commit, load });
  }
  process.stdout.write(`${formatAnswers(answers)}\n`);
  const { record, path } = keepAnswers(answers, quick ? '-quick' : '');
  writeFileSync(`${path}.svg`, drawRatios(record));
  const shown = relative(repository, path);
  process.stdout.write(`${shown}.json and .svg, after ${since()}\n`);
}

function select(questions: readonly Question[], letters: readonly string[] | undefined) {
  if (letters === undefined) return questions;
  return letters.map((letter) => {
    const found = questions.find((question) => question.letter === letter.trim().toUpperCase());
    if (found !== undefined) return found;
    const known = questions.map((question) => question.letter).join(', ');
    throw new ValueError(`there is no question '${letter}'; choose from ${known}`);
  });
}

/** Every contender once, in groups that are measured together. */
function groupsOf(questions: readonly Question[]): Map<string, Contender[]> {
  const groups = new Map<string, Contender[]>();
  for (const contender of questions.flatMap((question) => question.contenders())) {
    const group = groups.get(contender.group) ?? [];
    groups.set(contender.group, group);
    if (!group.some(({ id }) => id === contender.id)) group.push(contender);
  }
  return groups;
}

function commandOf(letter: string, { quick, epochImages, ...pace }: BenchOptions): string {
  const { rounds, seconds } = pace;
  const words = ['--questions', letter, '--rounds', rounds, '--seconds', seconds];
  if (letter === 'K' && epochImages !== undefined) words.push('--epoch-images', epochImages);
  return `npm run bench -- ${[...words, ...(quick ? ['--quick'] : [])].join(' ')}`;
}
