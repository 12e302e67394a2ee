import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { repository } from './repository.js';

/** What is kept of a contender's complaints, in characters. */
const KEPT_ERRORS = 4000;
const STEP_TIMEOUT_MS = 20 * 60_000;
const KIBIBYTE = 1024;
/** Units of processor time in a second, the same on every Linux. */
const CLOCK_TICKS = 100;

interface Answer {
  ready?: boolean;
  seconds?: number[];
  versions?: Record<string, string>;
}

/** A running contender. */
export class ContenderProcess {
  versions: Readonly<Record<string, string>> = {};
  readonly #child: ChildProcessWithoutNullStreams;
  #errors = '';
  #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined;
  #failure: Error | undefined;

  private constructor(program: string, args: readonly string[]) {
    this.#child = spawn(program, args, { cwd: repository });
    this.#child.stderr.setEncoding('utf8');
    this.#child.stderr.on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-KEPT_ERRORS);
    });
    this.#child.on('error', (error) => this.#fail(error.message));
    this.#child.on('close', (code, signal) => {
      const lines = this.#errors.trim().split('\n').slice(-3).join(' ').trim();
      this.#fail(`it ended (${signal ?? `exit code ${code}`}). ${lines}`);
    });
    // A contender that ended cannot be written to; `close` tells.
    this.#child.stdin.on('error', () => undefined);
    createInterface(this.#child.stdout).on('line', (line) => this.#receive(line));
  }

  /** Starts a contender and waits until it is ready. @throws Error when it is not. */
  static async start(program: string, args: readonly string[]): Promise<ContenderProcess> {
    const process = new ContenderProcess(program, args);
    const { versions } = await process.#answer();
    process.versions = versions ?? {};
    return process;
  }

  /** Runs some steps and returns the seconds that each took. @throws Error when it fails. */
  async steps(count: number): Promise<number[]> {
    this.#child.stdin.write(`${JSON.stringify({ steps: count })}\n`);
    const { seconds } = await this.#answer();
    if (seconds === undefined || seconds.length === 0) throw new Error('it told no times');
    return seconds;
  }

  /** Most bytes that the process ever held in memory; undefined where the system does not tell. */
  get peakBytes(): number | undefined {
    try {
      const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
      const found = /VmHWM:\s+(\d+) kB/.exec(status);
      return found === null ? undefined : Number(found[1]) * KIBIBYTE;
    } catch {
      return undefined;
    }
  }

  /** Processor time that it has used, in seconds; undefined where the system does not tell. */
  get processorSeconds(): number | undefined {
    try {
      const stat = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8');
      // Behind the program's name, which may hold blanks: user and system time are fields 14 and 15,
      // those of children that ended 16 and 17.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const ticks = fields.slice(11, 15).map(Number);
      return ticks.reduce((sum, count) => sum + count, 0) / CLOCK_TICKS;
    } catch {
      return undefined;
    }
  }

  /** Ends it: no more requests come. One that does not mind is killed. */
  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5000);
      this.#child.on('close', () => {
        clearTimeout(timer);
        resolve();
      });
      this.#child.stdin.end();
    });
  }

  #answer(): Promise<Answer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#fail(`it gave no answer for ${STEP_TIMEOUT_MS / 60_000} minutes`);
        this.#child.kill('SIGKILL');
      }, STEP_TIMEOUT_MS);
      this.#waiting = {
        resolve: (answer) => {
          clearTimeout(timer);
          resolve(answer);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
    });
  }

  #receive(line: string): void {
    // Libraries greet on the standard output too.
    if (!line.startsWith('{')) return;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(JSON.parse(line) as Answer);
  }

  #fail(message: string): void {
    this.#failure ??= new Error(message);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(this.#failure);
  }
}
