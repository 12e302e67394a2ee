import { datasetCatalog } from '../../data/catalog.js';
import { locateDataset } from './locate-dataset.js';

/** What this machine has of one known data set. */
export interface FoundDataset {
  /** Name by which it is asked for. */
  readonly name: string;
  /** Name for people. */
  readonly title: string;
  /** Whether it can be loaded without a download. */
  readonly found: boolean;
  /** The folder where it is, else the address that it comes from. */
  readonly where: string;
  /** Size of the download in bytes, when it is not found and residuum downloads it. */
  readonly downloadBytes?: number;
}

/**
 * Every known data set with where it is on this machine. Files are looked for, not read.
 *
 * @param cacheDir folder that downloads are kept in.
 */
export async function findDatasets(cacheDir?: string): Promise<FoundDataset[]> {
  return Promise.all(
    datasetCatalog.map(async (row) => {
      const { name, title } = row;
      const location = await locateDataset(row, cacheDir);
      if (location.found) return { name, title, found: true, where: location.folder };
      if (row.format === 'cifar') return { name, title, found: false, where: row.home };
      const files = Object.values(row.files);
      return {
        name,
        title,
        found: false,
        where: row.home ?? location.searched.join(', '),
        downloadBytes: files.reduce((sum, file) => sum + file.bytes, 0),
      };
    }),
  );
}
