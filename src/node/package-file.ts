import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The place of a file or folder that ships with the package, by its path there. */
export function packagePath(path: string): string {
  // The package finds itself by name, whether this code is a file of its own or part of a bundle.
  return fileURLToPath(new URL(path, import.meta.resolve('residuum/package.json')));
}

/** The content of a JSON file that ships with the package. */
export function readPackageJson(path: string): unknown {
  return JSON.parse(readFileSync(packagePath(path), 'utf8'));
}
