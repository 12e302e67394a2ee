import {
  dense,
  type ExecutorDescription,
  type ExecutorOptions,
  input,
  Model,
  VERSION,
} from '../library.js';
import type { LabData } from './experiment.js';
import { dataFingerprint } from './lab-data.js';

/** Raised when what experiments compute changes although their settings and the library's version do not. */
const REVISION = 2;

/** All that results depend on besides settings and seed. */
export interface Origin {
  /** Who computes, as it turns out to be on this machine: a default may be another elsewhere. */
  readonly engine: ExecutorDescription;
  /** Version, engine and images in one text. What is kept of another origin is not taken for the same. */
  readonly key: string;
}

/** Finds out what computes, and on which images. @throws {ExecutorError} for an engine that cannot be had. */
export async function originOf(
  options: ExecutorOptions,
  data: LabData | undefined,
): Promise<Origin> {
  const x = input({ shape: [1], name: 'origin_input' });
  const model = new Model({ inputs: x, outputs: dense({ units: 1, name: 'origin' })(x) });
  try {
    model.compile({ loss: 'meanSquaredError', ...options });
    const { description: engine } = await model.executor();
    const images = data && (await dataFingerprint(data));
    return { engine, key: JSON.stringify([REVISION, VERSION, engine, images]) };
  } finally {
    await model.dispose();
  }
}
