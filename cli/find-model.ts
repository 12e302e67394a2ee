import { isRunFolder, RunFolder } from '../src/node/run-folder.js';
import {
  applications,
  datasetCatalog,
  type ExecutorOptions,
  findApplication,
  type Model,
} from '../src/node.js';

/**
 * The model that a person names: a ready-made network for the images of the first data set, or the model
 * of a run's folder.
 * @param options what runs the model of a run, which comes compiled.
 * @throws UnknownNameError for an unknown name; DataError and FormatError for a folder that is no run.
 */
export async function findModel(name: string, options: ExecutorOptions = {}): Promise<Model> {
  const isPath = /[/\\]/.test(name) || (await isRunFolder(name));
  if (isPath && !Object.hasOwn(applications, name)) {
    return (await RunFolder.open(name)).readModel(options);
  }
  const [{ imageShape, classNames }] = datasetCatalog;
  return findApplication(name).build({ inputShape: imageShape, classes: classNames.length });
}
