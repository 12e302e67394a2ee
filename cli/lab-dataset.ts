import { ValueError } from '../src/core/errors.js';
import { datasetCatalog, findDatasets } from '../src/node.js';

const SMALL = 'fashion-mnist-mini';
const WHOLE = 'fashion-mnist';
/** The lab's networks have as many outputs. */
const CLASSES = 10;

/** Data sets that the lab takes, by name. */
export const labDatasets: readonly string[] = datasetCatalog
  .filter(({ classNames }) => classNames.length === CLASSES)
  .map(({ name }) => name);

/**
 * The data set that was named; else a small one, and for the paper's settings the whole where it is at hand.
 * @throws {ValueError} for one of another number of classes.
 */
export async function chooseLabDataset(options: {
  dataset?: string;
  full?: boolean;
  data?: string;
}): Promise<string> {
  const { dataset, full, data } = options;
  const known = datasetCatalog.find(({ name }) => name === dataset);
  if (known !== undefined && !labDatasets.includes(known.name)) {
    throw new ValueError(
      `${known.title} has ${known.classNames.length} classes, but the networks of the lab tell ${CLASSES} apart; give one of ${labDatasets.join(', ')}.`,
    );
  }
  if (dataset !== undefined) return dataset;
  if (full !== true) return SMALL;
  if (data !== undefined) return WHOLE;
  if ((await findDatasets()).some(({ name, found }) => name === WHOLE && found)) return WHOLE;
  process.stderr.write(
    `residuum: ${WHOLE} is not on this machine, so --full goes over ${SMALL}; --dataset ${WHOLE} downloads it.\n`,
  );
  return SMALL;
}
