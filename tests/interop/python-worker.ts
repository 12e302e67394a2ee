import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { pythonWithFrameworks, root } from './python-environment.js';

/** A Python process that answers requests, one JSON object a line, so that frameworks load only once. */
export class PythonWorker {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = [];
  #errors = '';

  private constructor(process: ChildProcessWithoutNullStreams) {
    this.#process = process;
    process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = `${this.#errors}${text}`.slice(-4000);
    });
    createInterface({ input: process.stdout }).on('line', (line) => {
      this.#waiting.shift()?.resolve(line);
    });
    process.on('close', () => {
      for (const { reject } of this.#waiting.splice(0)) {
        reject(new Error(`Python ended: ${this.#errors}`));
      }
    });
  }

  /** Starts a script of `tests/interop`. */
  static async start(script: string): Promise<PythonWorker> {
    const python = await pythonWithFrameworks();
    const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', OMP_NUM_THREADS: '2' };
    return new PythonWorker(spawn(python, [`${root}tests/interop/${script}`], { env }));
  }

  /**
   * The answer to a request.
   * @throws {Error} with Python's words when it failed.
   */
  async ask(request: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
    const line = await new Promise<string>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#process.stdin.write(`${JSON.stringify(request)}\n`);
    });
    const answer = JSON.parse(line) as Record<string, unknown>;
    if (answer.failure !== undefined) throw new Error(String(answer.failure));
    return answer;
  }

  /** Ends the process. */
  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.on('close', resolve));
    this.#process.stdin.end();
    await ended;
  }
}
