import type { NamedCallback } from '../../training/callback.js';
import {
  type CallbackRow,
  callbackRow,
  portableCallbacks,
  resolveCallback as resolvePortable,
} from '../../training/callbacks/resolve-callback.js';
import { type CsvLoggerOptions, csvLogger } from './csv-logger.js';
import { type JsonlLoggerOptions, jsonlLogger } from './jsonl-logger.js';
import { type ModelCheckpointOptions, modelCheckpoint } from './model-checkpoint.js';
import { type TensorBoardOptions, tensorBoard } from './tensor-board.js';

/** All callbacks that a description in JSON can name. */
const rows: Readonly<Record<string, CallbackRow>> = {
  ...portableCallbacks,
  csvLogger: callbackRow<CsvLoggerOptions>(csvLogger, ['filename', 'separator', 'append']),
  jsonlLogger: callbackRow<JsonlLoggerOptions>(jsonlLogger, ['filename', 'batches', 'append']),
  modelCheckpoint: callbackRow<ModelCheckpointOptions>(modelCheckpoint, [
    'filepath',
    'monitor',
    'mode',
    'minDelta',
    'saveBestOnly',
    'initialValueThreshold',
    'saveFreq',
    'everyMinutes',
    'keepLast',
  ]),
  tensorBoard: callbackRow<TensorBoardOptions>(tensorBoard, [
    'logDir',
    'histogramFreq',
    'writeGraph',
    'writeImages',
    'updateFreq',
  ]),
};

/**
 * The callback of a name, for descriptions in JSON: those that run everywhere, and those that write files.
 * @throws {UnknownNameError} for a name that is none. @throws {ValueError} for options that it does not
 * have, or out of range.
 */
export function resolveCallback(
  name: string,
  config: Readonly<Record<string, unknown>> = {},
): NamedCallback {
  return resolvePortable(name, config, rows);
}
