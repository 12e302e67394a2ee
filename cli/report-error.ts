import { CommanderError } from 'commander';
import { ResiduumError } from '../src/core/errors.js';
import { printJson } from './print.js';

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;
/** Commander answers `help NAME` for a name that is none with the whole help. */
const NO_SUCH = "there is no such command; 'residuum --help' lists them.";

/**
 * Tells the person at the terminal what went wrong, in one sentence on stderr, and programs that asked
 * for JSON on stdout too.
 * @returns the exit code.
 */
export function reportError(error: unknown, options: { json: boolean; debug: boolean }): number {
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const { code, message, exitCode } = describeError(error);
  if (options.json) printJson({ event: 'error', code, message });
  process.stderr.write(`residuum: ${message}\n`);
  if (options.debug && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return exitCode;
}

function describeError(error: unknown): { code: string; message: string; exitCode: number } {
  if (error instanceof CommanderError) {
    if (error.code === 'commander.help')
      return { code: 'E_USAGE', message: NO_SUCH, exitCode: EXIT_USAGE };
    const message = error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
    return { code: 'E_USAGE', message, exitCode: EXIT_USAGE };
  }
  if (error instanceof ResiduumError) {
    return { code: error.code, message: error.message, exitCode: EXIT_FAILURE };
  }
  const reason = error instanceof Error ? error.message : String(error);
  const message = `an error inside residuum: ${reason}; run the command with --debug for details.`;
  return { code: 'E_INTERNAL', message, exitCode: EXIT_FAILURE };
}
