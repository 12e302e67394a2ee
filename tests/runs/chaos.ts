import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Random } from '../../src/core/random.js';
import { logDigest } from '../../src/node/runs/log-digest.js';

const MAIN = fileURLToPath(new URL('../../node/main.js', import.meta.url));

/** A run of a second or so: all its parts are short, so that a kill meets each of them often. */
const SETTINGS = [
  ...['--model', 'small-resnet', '--limit', '60', '--batch-size', '10', '--epochs', '3'],
  ...['--replicas', '1', '--checkpoint-every', '2'],
];
const QUIET = ['--no-report', '--json'];
/** Milliseconds of work after which a process is killed at the latest. */
const LONGEST_WORK = 700;
/** Checkpoints that a process may finish before it is killed in one, and how far into it. */
const MOST_CHECKPOINTS = 4;
const LONGEST_WRITE = 4;

/** What a run left behind. */
export interface RunDigest {
  /** SHA-256 of the last checkpoint: weights, optimizer, position, figures of all epochs. */
  readonly model: string;
  /** Checksum of the log without what a clock has put there. */
  readonly log: string;
  /** Figures of the test. */
  readonly test: unknown;
}

/** How the kills went. */
export interface Kills {
  /** Processes that were killed, and those of them that left an unfinished file of a checkpoint. */
  count: number;
  whileWriting: number;
  /** Runs that they were spread over. */
  runs: number;
}

interface Trained {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly stderr: string }>;
}

function startTraining(run: string, cwd: string): Trained {
  const goesOn = existsSync(join(cwd, run, 'run.json'));
  const args = goesOn ? ['--resume', run] : [...SETTINGS, '--out', run];
  const child = spawn(process.execPath, [MAIN, 'train', ...args, ...QUIET], {
    cwd,
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stdout.resume();
  child.stderr.on('data', (text: Buffer) => {
    stderr += text.toString();
  });
  const ended = new Promise<Awaited<Trained['ended']>>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stderr }));
  });
  return { child, ended };
}

/** Trains without any interruption. */
export async function trainWhole(run: string, cwd: string): Promise<RunDigest> {
  const { code, stderr } = await startTraining(run, cwd).ended;
  assert.equal(code, 0, stderr);
  return digestOf(join(cwd, run));
}

/** What a run that is done left behind. */
export function digestOf(folder: string): RunDigest {
  const record = JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')) as {
    status: string;
    test: unknown;
    logSha256: string;
  };
  assert.equal(record.status, 'done');
  const log = logDigest(readFileSync(join(folder, 'log.jsonl'), 'utf8'));
  assert.equal(record.logSha256, log);
  const model = createHash('sha256').update(readFileSync(join(folder, 'model.safetensors')));
  return { model: model.digest('hex'), log, test: record.test };
}

/**
 * Trains runs to their ends, killing their processes again and again: every second one at a random time
 * after it began to work, the others at a random time after it began to write one of its checkpoints.
 * @param kills processes that are killed in all.
 * @returns how that went; every run that reached its end is compared with `whole`.
 */
export async function trainUnderKills(
  cwd: string,
  whole: RunDigest,
  { seed, kills }: { seed: number; kills: number },
): Promise<Kills> {
  const random = new Random(seed);
  const share = () => random.nextUint32() / 2 ** 32;
  const done: Kills = { count: 0, whileWriting: 0, runs: 0 };
  while (done.count < kills) {
    const run = `killed-${seed}-${done.runs++}`;
    const folder = join(cwd, run);
    mkdirSync(folder);
    for (let isOver = false; !isOver; ) {
      const training = startTraining(run, cwd);
      const stop =
        done.count >= kills
          ? () => undefined
          : done.count % 2 === 0
            ? killAtWork(training, share())
            : killWhileWriting(training, folder, share(), share());
      const { code, stderr } = await training.ended;
      stop();
      // A process may be killed after all is done.
      isOver = code !== null || isDone(folder);
      if (code === null) done.count++;
      else assert.equal(code, 0, stderr);
      const names = readdirSync(folder);
      if (code === null && names.some(isUnfinishedCheckpoint)) done.whileWriting++;
    }
    assert.deepEqual(digestOf(folder), whole, `${run} after ${done.count} kills`);
    const left = readdirSync(folder).filter((name) => name.startsWith('.') && name !== '.lock');
    assert.deepEqual(left, [], run);
  }
  return done;
}

function isDone(folder: string): boolean {
  const record = join(folder, 'run.json');
  return existsSync(record) && /"status": "done"/.test(readFileSync(record, 'utf8'));
}

const isUnfinishedCheckpoint = (name: string | null) =>
  name !== null && /^\.model\..*\.tmp$/.test(name);

/** Kills a process some time after its first output, with which training begins. */
function killAtWork({ child }: Trained, share: number): () => void {
  let timer: NodeJS.Timeout | undefined;
  child.stdout?.once('data', () => {
    timer = setTimeout(() => child.kill('SIGKILL'), share * LONGEST_WORK);
  });
  return () => clearTimeout(timer);
}

/** Kills a process some time after it has opened the file of one of its next checkpoints. */
function killWhileWriting(
  { child }: Trained,
  folder: string,
  which: number,
  share: number,
): () => void {
  let left = Math.floor(which * MOST_CHECKPOINTS);
  const seen = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const watcher = watch(folder, (_event, name) => {
    if (name === null || !isUnfinishedCheckpoint(name) || seen.has(name)) return;
    seen.add(name);
    if (left-- > 0) return;
    watcher.close();
    timer = setTimeout(() => child.kill('SIGKILL'), share * LONGEST_WRITE);
  });
  return () => {
    watcher.close();
    clearTimeout(timer);
  };
}
