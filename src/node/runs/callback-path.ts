import { isAbsolute, join, normalize, sep } from 'node:path';
import { ValueError } from '../../core/errors.js';

/** Options of callbacks that are paths, which in a run are those in its folder. */
export const PATH_OPTIONS = ['filename', 'filepath', 'logDir'];

/** What runs keep in their folders themselves. */
const OWN =
  /^((run|model)(\.previous(-\d+)?)?\.(json|safetensors)|log\.jsonl|(config|profile)\.json|report\.html|\.lock)$/i;

/**
 * The path of a callback's file in the folder of its run.
 * @throws {ValueError} for one that leads out of the folder, or is of a file that the run keeps itself.
 */
export function callbackPath(folder: string, path: string): string {
  const inside = normalize(path);
  if (isAbsolute(path) || inside === '..' || inside.startsWith(`..${sep}`)) {
    throw new ValueError(
      `'${path}' leads out of the run's folder; give a path in it, such as 'logs/epochs.csv'.`,
    );
  }
  if (OWN.test(inside)) {
    throw new ValueError(
      `'${path}' is a file that the run keeps itself; choose another name, such as 'best-${inside}'.`,
    );
  }
  return join(folder, inside);
}
