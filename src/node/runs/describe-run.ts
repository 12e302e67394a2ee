import { VERSION } from '../../core/version.js';
import type { LoadedDataset } from '../data/load-dataset.js';
import { describeMachine } from '../machine.js';
import type { RunData, RunMachine, RunRecord } from './run-record.js';

/** What a record tells of the data. */
export function describeData({ info, train, validation, test }: LoadedDataset): RunData {
  const { name, title, origin, where, imageShape, classNames } = info;
  const counts = { train: train.size, validation: validation.size, test: test.size };
  return { name, title, origin, where, imageShape, classNames, ...counts };
}

/** What a record tells of the machine. */
export function describeThisMachine(): RunMachine {
  const { processor, cores, platform } = describeMachine();
  return { processor, cores, platform };
}

/** What a record tells of the programs that wrote it. */
export function versionsNow(): RunRecord['versions'] {
  return { residuum: VERSION, node: process.version };
}
