import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './repository.js';

/** Versions of what our own figures depend on. */
export function residuumVersions(): Record<string, string> {
  const versionOf = (manifest: string) => {
    const text = readFileSync(join(repository, manifest), 'utf8');
    return (JSON.parse(text) as { version: string }).version;
  };
  const versions: Record<string, string> = {
    residuum: versionOf('package.json'),
    node: process.versions.node,
  };
  try {
    versions['onnxruntime-node'] = versionOf('node_modules/onnxruntime-node/package.json');
  } catch {
    // It is optional: without it our own products run, and the record names no version.
  }
  return versions;
}
