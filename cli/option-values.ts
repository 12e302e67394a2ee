import { type Command, InvalidArgumentError, Option } from 'commander';
import { nearestName } from '../src/core/errors.js';

/** A parser of whole numbers in a range, for commander. */
export function integer(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = /^[+-]?\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
    const range =
      most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`It must be a whole number ${range}.`);
  };
}

/** A parser of numbers above zero, for commander. */
export function positiveNumber(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a number greater than 0.');
}

/** A parser of numbers from zero, for commander. */
export function numberFromZero(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new InvalidArgumentError('It must be a number of at least 0.');
}

/** When a run is saved within an epoch: `500` is steps, `5m`, `30s` and `1h` are times. */
export function checkpointInterval(text: string): { everySteps?: number; everyMinutes?: number } {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)([smh]?)$/.exec(text.trim()) ?? [];
  const value = Number(digits);
  if (unit === '' && Number.isSafeInteger(value) && value >= 1) return { everySteps: value };
  const minutes = value * ({ s: 1 / 60, m: 1, h: 60 }[unit] ?? Number.NaN);
  if (minutes > 0) return { everyMinutes: minutes };
  throw new InvalidArgumentError(
    'It must be a number of steps, such as 500, or a time: 30s, 5m, 1h.',
  );
}

/** A parser of the size of images, `64` or `48x64` (height first), for commander. */
export function imageSize(text: string): readonly [number, number] {
  const match = /^(\d{1,4})(?:x(\d{1,4}))?$/.exec(text.trim());
  const height = Number(match?.[1] ?? 0);
  const width = Number(match?.[2] ?? height);
  if (height >= 1 && width >= 1) return [height, width];
  throw new InvalidArgumentError('It must be a size in pixels such as 64, or 48x64, height first.');
}

/** A parser of numbers of channels, for commander. */
export function channels(text: string): 1 | 3 {
  if (text === '1') return 1;
  if (text === '3') return 3;
  throw new InvalidArgumentError('It must be 1 for grey or 3 for RGB.');
}

/** A parser of names of augmentations, `flip,padCrop`, or `none`, for commander. */
export function augmentations(text: string): { name: string }[] {
  if (text.trim() === 'none') return [];
  const names = text.split(',').map((name) => name.trim());
  if (!names.includes('')) return names.map((name) => ({ name }));
  throw new InvalidArgumentError('It must be names with commas between, such as flip,padCrop.');
}

/** A parser of one of some names, for commander. */
export function oneOf<T extends string>(names: readonly T[]): (text: string) => T {
  return (text) => {
    const found = names.find((name) => name === text);
    if (found !== undefined) return found;
    const near = nearestName(text, names);
    const hint = near === undefined ? '' : `; did you mean '${near}'?`;
    throw new InvalidArgumentError(`It must be one of ${names.join(', ')}${hint}`);
  };
}

/** Options that say what runs a model. */
export interface EngineOptions {
  executor?: 'cpu' | 'reference';
  replicas?: number;
  gemm?: 'onnxruntime' | 'wasm';
}

const MOST_REPLICAS = 64;

/** Adds `--replicas`, `--executor` and `--gemm`. */
export function addEngineOptions(command: Command): Command {
  return command
    .option(
      '--replicas <n>',
      'workers that share each batch (default: one a core, at most 8)',
      integer(1, MOST_REPLICAS),
    )
    .addOption(
      new Option('--executor <name>', 'cpu, or reference: plain loops, slow').argParser(
        oneOf(['cpu', 'reference']),
      ),
    )
    .addOption(
      new Option('--gemm <name>', 'who computes matrix products: onnxruntime or wasm').argParser(
        oneOf(['onnxruntime', 'wasm']),
      ),
    );
}

/** Adds `--json`. */
export function addJsonOption(command: Command): Command {
  return command.option('--json', 'print one JSON object a line instead of text');
}
