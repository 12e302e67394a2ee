import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from '../../core/errors.js';
import type { CifarDatasetRow } from '../../data/catalog.js';
import { type Dataset, subset } from '../../data/dataset.js';
import { CifarDataset } from './cifar-dataset.js';

/**
 * The folder with a data set's binary files: the given one, or the one in it that the archive unpacks to;
 * undefined when neither has them all.
 */
export async function findCifarFiles(
  folder: string,
  { trainFiles, testFiles, archiveFolder }: CifarDatasetRow,
): Promise<string | undefined> {
  for (const candidate of [folder, join(folder, archiveFolder)]) {
    const missing = await Promise.all(
      [...trainFiles, ...testFiles].map((name) =>
        access(join(candidate, name)).then(
          () => false,
          () => true,
        ),
      ),
    );
    if (!missing.includes(true)) return candidate;
  }
  return undefined;
}

/**
 * The three parts of CIFAR-10 or CIFAR-100 in its binary version, read from the disk as batches ask for
 * them: the first 5,000 of 50,000 training images are for validation, of smaller files a tenth.
 * @throws DataError when files are missing or cannot be read; FormatError when one is no CIFAR file.
 */
export async function loadCifar(
  folder: string,
  row: CifarDatasetRow,
): Promise<{ train: Dataset; validation: Dataset; test: Dataset; where: string }> {
  const where = await findCifarFiles(folder, row);
  if (where === undefined) {
    throw new DataError(
      `folder ${folder} lacks files of ${row.title}: it needs ` +
        `${[...row.trainFiles, ...row.testFiles].join(', ')}, which ${row.archive} from ${row.home} ` +
        'unpacks to.',
    );
  }
  const open = (names: readonly string[]) =>
    new CifarDataset(
      names.map((name) => join(where, name)),
      row.layout,
      row.classNames,
    );
  const training = open(row.trainFiles);
  const kept = Math.min(row.validationSize, Math.floor(training.size / 10));
  if (kept === 0) {
    throw new DataError(
      `${where} holds ${training.size} training images, but at least 10 are needed, a tenth of which is ` +
        'for validation.',
    );
  }
  return {
    train: subset(training, kept, training.size),
    validation: subset(training, 0, kept),
    test: open(row.testFiles),
    where,
  };
}
