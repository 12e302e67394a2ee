import { dense, type ExecutorOptions, input, Model, VERSION } from '../library.js';
import type { LabData } from './experiment.js';
import { dataFingerprint } from './lab-data.js';

/** Raised when what experiments compute changes although their settings and the library's version do not. */
const REVISION = 2;

/**
 * All that results depend on besides settings and seed: version of the library, the engine as it turns out to
 * be on this machine (a default may be another elsewhere), and the images. What is kept of another origin is
 * not taken for the same.
 * @throws {ExecutorError} for an engine that cannot be had.
 */
export async function originOf(
  engine: ExecutorOptions,
  data: LabData | undefined,
): Promise<string> {
  const x = input({ shape: [1], name: 'origin_input' });
  const model = new Model({ inputs: x, outputs: dense({ units: 1, name: 'origin' })(x) });
  try {
    model.compile({ loss: 'meanSquaredError', ...engine });
    const { description } = await model.executor();
    return JSON.stringify([REVISION, VERSION, description, data && (await dataFingerprint(data))]);
  } finally {
    await model.dispose();
  }
}
