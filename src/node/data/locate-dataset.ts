import { join } from 'node:path';
import type { DatasetRow } from '../../data/catalog.js';
import { defaultCacheFolder, packageFolder, systemFolder } from './dataset-folders.js';
import { findCifarFiles } from './load-cifar.js';
import { hasIdxFiles } from './read-idx-folder.js';

/** Where a data set is, or where it was looked for. */
export type DatasetLocation =
  | {
      readonly found: true;
      readonly folder: string;
      readonly origin: 'package' | 'cache' | 'system';
    }
  | { readonly found: false; readonly searched: readonly string[]; readonly cache: string };

/**
 * Looks for a data set on this machine: in the package when it ships with residuum, else in the cache
 * and where Debian's package puts it. Files are not read.
 *
 * @param cacheDir folder that downloads are kept in, a folder for each data set.
 */
export async function locateDataset(
  row: DatasetRow,
  cacheDir = defaultCacheFolder(),
): Promise<DatasetLocation> {
  const cache = join(cacheDir, row.name);
  const places =
    row.home === undefined
      ? [{ folder: packageFolder(row.name), origin: 'package' as const }]
      : [
          { folder: cache, origin: 'cache' as const },
          { folder: systemFolder(row.name), origin: 'system' as const },
        ];
  for (const { folder, origin } of places) {
    const found =
      row.format === 'idx'
        ? await hasIdxFiles(folder, row.files)
        : (await findCifarFiles(folder, row)) !== undefined;
    if (found) return { found: true, folder, origin };
  }
  return { found: false, searched: places.map(({ folder }) => folder), cache };
}
