import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { ValueError } from '../src/core/errors.js';
import {
  applications,
  type RunConfig,
  type RunSettings,
  readRecipe,
  readRunConfig,
  settingsOfConfig,
} from '../src/node.js';
import type { EngineOptions } from './option-values.js';

/** Flags of `train` that say what the run is. */
export interface RunFlags extends EngineOptions {
  recipe?: string;
  model?: string;
  dataset?: string;
  data?: string;
  imageSize?: readonly [number, number];
  channels?: 1 | 3;
  resize?: RunSettings['resize'];
  augment?: NonNullable<RunSettings['augment']>;
  epochs?: number;
  batchSize?: number;
  optimizer?: RunSettings['optimizer'];
  learningRate?: number;
  weightDecay?: number;
  limit?: number;
  seed?: number;
  checkpointEvery?: RunSettings['checkpoint'];
}

/**
 * The settings of a new run: those of a file or a recipe, where one is named, with the flags before them.
 * @throws ValueError for two of them, and for whatever the description has wrong.
 */
export async function settingsOfRun(
  file: string | undefined,
  flags: RunFlags,
): Promise<RunSettings> {
  const { recipe } = flags;
  if (file !== undefined && recipe !== undefined) {
    throw new ValueError(`${file} and --recipe ${recipe} both describe the run; give one of them.`);
  }
  const base =
    file !== undefined
      ? await readRunConfig(file)
      : recipe !== undefined
        ? readRecipe(recipe)
        : undefined;
  if (base === undefined) return settingsOfConfig(withFlags({}, flags));
  const source = file ?? `recipe ${recipe}`;
  return settingsOfConfig(withFlags(base, flags), source);
}

function withFlags(base: RunConfig, flags: RunFlags): RunConfig {
  const { model, epochs, batchSize, seed, executor, replicas, gemm, checkpointEvery } = flags;
  return {
    ...base,
    ...(model !== undefined && { model: modelOf(model) }),
    data: withData(base.data, flags),
    ...withOptimizer(base, flags),
    ...given({ epochs, batchSize, seed }),
    engine: { ...base.engine, ...given({ executor, replicas, gemm }) },
    checkpoint: { ...base.checkpoint, ...checkpointEvery },
  };
}

function modelOf(name: string): NonNullable<RunConfig['model']> {
  const isFile = !Object.hasOwn(applications, name) && existsSync(name);
  return isFile ? { file: resolve(name) } : { name };
}

function withData(base: RunConfig['data'] = {}, flags: RunFlags): RunConfig['data'] {
  const { dataset: name, data: folder, limit, imageSize, channels, resize, augment } = flags;
  const { folder: _, ...others } = base;
  // The folder of one data set is none of another.
  const kept = name === undefined || name === base.name ? base : others;
  return { ...kept, ...given({ name, folder, limit, imageSize, channels, resize, augment }) };
}

function withOptimizer(
  { optimizer, schedule }: RunConfig,
  flags: RunFlags,
): Pick<RunConfig, 'optimizer' | 'schedule'> {
  const { optimizer: name, learningRate, weightDecay } = flags;
  const kept = name === undefined || name === optimizer?.name ? optimizer : { name };
  const rates = given({ learningRate, weightDecay });
  const isChanged = kept !== undefined || Object.keys(rates).length > 0;
  return {
    ...(isChanged && { optimizer: { name: 'adam', ...kept, ...rates } }),
    // A rate on the command line is a constant one.
    ...(schedule !== undefined && { schedule: learningRate === undefined ? schedule : undefined }),
  };
}

/** Without what is undefined. */
function given<T extends object>(values: T): Partial<T> {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<T>;
}
