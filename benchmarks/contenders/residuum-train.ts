// A whole epoch of Fashion-MNIST by `residuum train`, timed as its log tells: residuum-train.js
// [--limit 10000] [--replicas 2]. A step is one image of the epoch.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { repository } from '../runner/repository.js';
import { residuumVersions } from '../runner/residuum-versions.js';
import { serve } from './serve.js';

const { values } = parseArgs({
  options: {
    limit: { type: 'string' },
    replicas: { type: 'string', default: '2' },
    steps: { type: 'string' },
  },
});

interface BatchEvent {
  event: string;
  imagesPerSecond: number;
}

/** Seconds an image over one epoch, first step and its preparation included. */
function trainOneEpoch(): number {
  const folder = mkdtempSync(join(tmpdir(), 'residuum-bench-'));
  try {
    const out = join(folder, 'run');
    const { status, stderr } = spawnSync(
      process.execPath,
      [
        join(repository, 'dist/node/main.js'),
        'train',
        ...['--dataset', 'fashion-mnist', '--epochs', '1', '--batch-size', '100', '--out', out],
        ...['--replicas', values.replicas],
        ...(values.limit === undefined ? [] : ['--limit', values.limit]),
      ],
      { encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(`residuum train failed: ${stderr.trim()}`);
    const events = readFileSync(join(out, 'log.jsonl'), 'utf8').trim().split('\n');
    const last = events
      .map((line) => JSON.parse(line) as BatchEvent)
      .filter(({ event }) => event === 'batch')
      .at(-1);
    if (last === undefined) throw new Error('residuum train logged no step');
    return 1 / last.imagesPerSecond;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await serve(
  {
    run: async (count) => Array.from({ length: count }, trainOneEpoch),
    work: 1,
    unit: 'images/s',
    versions: residuumVersions(),
  },
  values.steps === undefined ? undefined : 1,
);
