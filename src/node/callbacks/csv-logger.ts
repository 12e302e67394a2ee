import { ValueError } from '../../core/errors.js';
import type { Logs, NamedCallback } from '../../training/callback.js';
import { LineFile } from './line-file.js';

/** Options of `csvLogger`, with Keras's names and defaults. */
export interface CsvLoggerOptions {
  /** Path of the file; its folder is made. */
  filename: string;
  /** Default a comma. */
  separator?: string;
  /**
   * Whether a file that exists is continued; default false. Rows of epochs that this run does again are
   * replaced.
   */
  append?: boolean;
}

/**
 * Writes a row for every epoch: its number, from 0, and its figures in the order of their names, as
 * Keras's `CSVLogger`. A figure that the header has and an epoch lacks is `NA`.
 * @throws {ValueError} for options out of range. @throws {DataError} from `fit`, when the file cannot be
 * written.
 */
export function csvLogger({
  filename,
  separator = ',',
  append = false,
}: CsvLoggerOptions): NamedCallback {
  if (typeof filename !== 'string' || filename === '') {
    throw new ValueError(`csvLogger: filename must be a path, got ${JSON.stringify(filename)}`);
  }
  const file = new LineFile(filename);
  let columns: readonly string[] | undefined;
  let initialEpoch = 0;
  return {
    name: 'csvLogger',
    getConfig: () => ({ filename, separator, append }),
    setModel(_, plan) {
      initialEpoch = plan.initialEpoch;
    },
    async onTrainBegin() {
      const isOld = (line: string, row: number) =>
        row === 0 || Number(line.split(separator)[0]) < initialEpoch;
      const [header] = await file.begin(append ? isOld : undefined);
      columns = header?.split(separator).slice(1);
    },
    async onEpochEnd(epoch: number, logs: Logs) {
      if (columns === undefined) {
        columns = Object.keys(logs).sort();
        await file.add(['epoch', ...columns].join(separator));
      }
      await file.add([epoch, ...columns.map((name) => logs[name] ?? 'NA')].join(separator));
    },
  };
}
