import { readPackageJson } from './package-file.js';

/** Version of this package. */
export function residuumVersion(): string {
  const { version } = readPackageJson('package.json') as { version: string };
  return version;
}
