import { ValueError } from '../../core/errors.js';
import type { Logs, NamedCallback, TrainingControl } from '../../training/callback.js';
import { LineFile } from './line-file.js';

/** Options of `jsonlLogger`. */
export interface JsonlLoggerOptions {
  /** Path of the file; its folder is made. */
  filename: string;
  /** Whether every step has a line too; default false. */
  batches?: boolean;
  /**
   * Whether a file that exists is continued; default false. Lines of steps that this run does again are
   * replaced.
   */
  append?: boolean;
}

/**
 * Writes a line of JSON for every epoch, `{ epoch, learningRate, …figures }`, and if asked for every step,
 * `{ epoch, batch, learningRate, …figures }`, as they happen. Epochs and batches count from 0.
 * @throws {ValueError} for options out of range. @throws {DataError} from `fit`, when the file cannot be
 * written.
 */
export function jsonlLogger(options: JsonlLoggerOptions): NamedCallback {
  const { filename, batches = false, append = false } = options;
  if (typeof filename !== 'string' || filename === '') {
    throw new ValueError(`jsonlLogger: filename must be a path, got ${JSON.stringify(filename)}`);
  }
  const file = new LineFile(filename);
  let [firstEpoch, firstBatch, epochNow] = [0, 0, 0];
  let control: TrainingControl | undefined;
  const isOld = (line: string) => {
    const { epoch, batch } = parse(line);
    if (epoch !== firstEpoch) return epoch < firstEpoch;
    return batch !== undefined && batch < firstBatch;
  };
  const add = (place: object, logs: Logs) =>
    file.add(JSON.stringify({ ...place, learningRate: control?.optimizer.learningRate, ...logs }));
  return {
    name: 'jsonlLogger',
    getConfig: () => ({ filename, batches, append }),
    setModel(model, plan) {
      control = model;
      [firstEpoch, firstBatch] = [plan.initialEpoch, plan.position().batch];
    },
    onTrainBegin: async () => void (await file.begin(append ? isOld : undefined)),
    onEpochBegin(epoch) {
      epochNow = epoch;
    },
    async onTrainBatchEnd(batch, logs) {
      if (batches) await add({ epoch: epochNow, batch }, logs);
    },
    onEpochEnd: (epoch, logs) => add({ epoch }, logs),
  };
}

/** Where a line stands; a line that is none of ours comes before everything and stays. */
function parse(line: string): { epoch: number; batch?: number } {
  try {
    const { epoch, batch } = JSON.parse(line) as { epoch?: unknown; batch?: unknown };
    return {
      epoch: typeof epoch === 'number' ? epoch : -1,
      ...(typeof batch === 'number' && { batch }),
    };
  } catch {
    return { epoch: -1 };
  }
}
