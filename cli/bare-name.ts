import { basename, resolve } from 'node:path';

/** The last part of a path without the ending of a model file. */
export function bareName(path: string): string {
  return basename(resolve(path)).replace(/(\.weights)?\.(safetensors|keras|onnx|h5)$/, '');
}
