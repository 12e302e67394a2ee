import { FormatError, UnknownNameError } from '../core/errors.js';
import { kerasFormat, kerasH5Format, kerasWeightsFormat } from './keras-formats.js';
import type { ModelFormat } from './model-format.js';
import { onnxFormat } from './onnx-format.js';
import { safetensorsFormat } from './safetensors-format.js';
import { torchFormat } from './torch-format.js';

/** Every format that models are carried in; the first that detects a file reads it. */
export const modelFormats: readonly ModelFormat[] = [
  safetensorsFormat,
  torchFormat,
  onnxFormat,
  kerasFormat,
  kerasH5Format,
  kerasWeightsFormat,
];

/** Names of the formats that can be written, for `--to`. */
export function exportFormatNames(): string[] {
  return modelFormats.filter((format) => format.exportModel).map((format) => format.name);
}

/**
 * The format of this name.
 * @throws {UnknownNameError} when there is none.
 */
export function findFormat(name: string): ModelFormat {
  const found = modelFormats.find((format) => format.name === name);
  if (found !== undefined) return found;
  const names = modelFormats.map((format) => format.name);
  throw new UnknownNameError('format', name, names);
}

/** The format whose ending the path has, the longest ending first; undefined when none has. */
export function formatOfPath(path: string): ModelFormat | undefined {
  const endings = modelFormats.flatMap((format) =>
    format.extensions.map((extension) => ({ format, extension })),
  );
  return endings
    .sort((a, b) => b.extension.length - a.extension.length)
    .find(({ extension }) => path.toLowerCase().endsWith(extension))?.format;
}

/**
 * The format of a file by what it holds; the ending of its name decides only where the content is not
 * recognised, so that the format's reader can say what is damaged.
 * @throws {FormatError} when neither is known.
 */
export async function detectFormat(bytes: Uint8Array, path: string): Promise<ModelFormat> {
  for (const format of modelFormats) if (await format.detect(bytes)) return format;
  const byName = formatOfPath(path);
  if (byName !== undefined) return byName;
  const known = modelFormats.map(({ title, extensions }) => `${title} (${extensions[0]})`);
  throw new FormatError(
    `'${path}' is in no format that is known here: ${known.join(', ')}; neither its content nor its name tells which`,
  );
}
