import type { Command } from 'commander';
import { ValueError } from '../../src/core/errors.js';
import { integer, positiveNumber } from '../option-values.js';

interface BenchOptions {
  questions?: string;
  rounds?: number;
  seconds?: number;
  epochImages?: number;
  quick?: boolean;
}

/** Adds `residuum bench`. */
export function addBenchCommand(program: Command): void {
  program
    .command('bench')
    .description(
      'Measures residuum beside PyTorch, Keras and others on this machine. Needs a checkout of the repository.',
    )
    .option('--questions <letters>', 'questions to answer, such as A,C (default: all)')
    .option('--rounds <n>', 'turns of each contender (default: 7; quick: 3)', integer(1, 1000))
    .option('--seconds <s>', 'least time of a turn (default: 4; quick: 1)', positiveNumber)
    .option(
      '--epoch-images <n>',
      'images of the epoch that K trains (default: all; quick: 10000)',
      integer(1, 1e6),
    )
    .option('--quick', 'few rounds, slow peers left out, a part of the epoch')
    .addHelpText(
      'after',
      '\nThe npm package has neither the bench nor the peers: run this in a checkout, where it installs\n' +
        'the peers into .bench/ at the first run (Python 3.11 or later, some gigabytes).\n' +
        'RESIDUUM_BENCH_PYTHON names a Python that has them already.\n\n' +
        'Example:\n  residuum bench --quick --questions A,C',
    )
    .action(bench);
}

async function bench({ questions, quick = false, ...pace }: BenchOptions): Promise<void> {
  const { runBench } = await loadBench();
  await runBench({ questions: questions?.split(','), quick, ...pace });
}

/** The bench of the checkout that this command belongs to. */
async function loadBench() {
  try {
    return await import('../../benchmarks/runner/run-bench.js');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new ValueError(
      'the bench is not part of the npm package; clone the repository, run npm ci, and then npm run bench.',
    );
  }
}
