import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository: this file runs as dist/benchmarks/runner/repository.js. */
export const repository = fileURLToPath(new URL('../../../', import.meta.url));

/** The folder of what the bench installs and remembers; git ignores it. */
export function benchFolder(): string {
  const folder = join(repository, '.bench');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, '.gitignore'), '*\n');
  return folder;
}

/** The commit that is measured, with `-dirty` behind it where files differ; undefined outside of git. */
export function measuredCommit(): string | undefined {
  const options = { cwd: repository, encoding: 'utf8' } as const;
  const { status, stdout } = spawnSync('git', ['describe', '--always', '--dirty'], options);
  return status === 0 ? stdout.trim() : undefined;
}
