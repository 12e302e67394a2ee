import { fileURLToPath } from 'node:url';

/** The root of the repository: this file runs as dist/benchmarks/runner/repository.js. */
export const repository = fileURLToPath(new URL('../../../', import.meta.url));
