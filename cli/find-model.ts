import { stat } from 'node:fs/promises';
import { openModel } from '../src/node/model-interchange.js';
import {
  applications,
  datasetCatalog,
  type ExecutorOptions,
  findApplication,
  type Model,
} from '../src/node.js';

/** Which images a ready-made network is made for, and what runs the model of a file, which may come compiled. */
export interface FindModelOptions extends ExecutorOptions {
  /** [height, width, channels]; default those of the first data set. */
  inputShape?: readonly number[];
  /** Default the number of the first data set. */
  classes?: number;
}

/**
 * The model that a person names: a ready-made network, or the model of a run's folder or of a model file.
 * @throws UnknownNameError for an unknown name; DataError and FormatError for a path that holds no model.
 */
export async function findModel(name: string, options: FindModelOptions = {}): Promise<Model> {
  const [{ imageShape, classNames }] = datasetCatalog;
  const { inputShape = imageShape, classes = classNames.length, ...executor } = options;
  const exists = await stat(name).then(
    () => true,
    () => false,
  );
  if (Object.hasOwn(applications, name) || !(exists || /[/\\]/.test(name))) {
    return findApplication(name).build({ inputShape, classes });
  }
  return openModel(name, executor);
}
