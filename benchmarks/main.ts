import { parseArgs } from 'node:util';
import { runBench } from './runner/run-bench.js';

const HELP = `npm run bench -- [options]

Measures residuum beside its peers, interleaved, and keeps the answers in benchmarks/results.

  --questions A,C   letters of questions (default: all)
  --rounds N        turns of each contender (default: 7; quick: 3)
  --seconds S       least time of a turn (default: 4; quick: 1)
  --epoch-images N  images of the epoch that K trains (default: all 55,000; quick: 10,000)
  --quick           short: few rounds, peers' variants as found before, a part of the epoch

The Python peers come into .bench/venv by themselves; RESIDUUM_BENCH_PYTHON names another Python that
has them. Those from npm come into .bench/npm.
`;

const { values } = parseArgs({
  options: {
    questions: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    'epoch-images': { type: 'string' },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

function positive(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new Error(`--${name} must be a number above 0, got '${text}'`);
}

if (values.help) {
  process.stdout.write(HELP);
} else {
  await runBench({
    questions: values.questions?.split(','),
    rounds: positive('rounds', values.rounds),
    seconds: positive('seconds', values.seconds),
    epochImages: positive('epoch-images', values['epoch-images']),
    quick: values.quick,
  });
}
