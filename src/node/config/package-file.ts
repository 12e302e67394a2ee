import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The place of a file that ships with the package, by its path there; seen from `dist/src/node/config/`. */
export function packagePath(path: string): string {
  return fileURLToPath(new URL(`../../../../${path}`, import.meta.url));
}

/** The content of a JSON file that ships with the package. */
export function readPackageJson(path: string): unknown {
  return JSON.parse(readFileSync(packagePath(path), 'utf8'));
}
