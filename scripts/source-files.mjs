import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root, an absolute path. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Every file under a folder, as sorted paths relative to the root with forward slashes; none when
 * the folder does not exist.
 *
 * @param {string} folder relative to the root
 * @returns {string[]}
 */
export function listFiles(folder) {
  if (!statSync(join(root, folder), { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(join(root, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      return entry.isDirectory() ? listFiles(path) : [path];
    })
    .sort();
}
