import { spawnSync } from 'node:child_process';
import { ContenderProcess } from './contender-process.js';
import { prepareNpmPeers, preparePython } from './peers.js';
import type { Variant } from './question.js';

const hasTaskset = spawnSync('taskset', ['--version']).status === 0;
const PYTHON_SHOWN = '.bench/venv/bin/python';

/** Starts contenders on the first cores of the processor, with the interpreters of the bench. */
export class Launcher {
  readonly #log: (line: string) => void;
  readonly #made = new Map<string, string | Error>();

  /** @param log hears of installations. */
  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  /** Starts a variant and waits until it is ready. @throws Error when it cannot run. */
  start(variant: Variant, cores: number): Promise<ContenderProcess> {
    const [program, ...args] = pinned(variant.command, cores).map((word) => this.#resolve(word));
    return ContenderProcess.start(program, args);
  }

  #resolve(word: string): string {
    if (word === 'node') return process.execPath;
    if (word === 'python') return this.#once(word, () => preparePython(this.#log));
    if (word === NPM_PEERS) return this.#once(word, () => prepareNpmPeers(this.#log));
    return word;
  }

  #once(name: string, make: () => string): string {
    let made = this.#made.get(name);
    if (made === undefined) {
      try {
        made = make();
      } catch (error) {
        made = error as Error;
      }
      this.#made.set(name, made);
    }
    if (made instanceof Error) throw made;
    return made;
  }
}

/** Stands in a command for the folder of the npm peers. */
export const NPM_PEERS = '.bench/npm';

function pinned(command: readonly string[], cores: number): string[] {
  if (!hasTaskset) return [...command];
  return ['taskset', '-c', cores === 1 ? '0' : `0-${cores - 1}`, ...command];
}

/** The command that repeats a variant's figure by hand, from the repository's root. */
export function commandLine(variant: Variant, cores: number): string {
  const words = pinned(variant.command, cores).map((word) =>
    word === 'python' ? PYTHON_SHOWN : word,
  );
  return [...words, '--steps', '10'].join(' ');
}
