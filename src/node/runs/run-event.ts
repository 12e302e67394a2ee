import type { StepProfile } from '../../inspect/step-profile.js';
import type { Figures, RunData, RunPosition, RunSettings } from './run-record.js';

/** How a run ended. */
export type RunOutcome =
  | { readonly status: 'done'; readonly validation: Figures; readonly test: Figures }
  | { readonly status: 'interrupted'; readonly position: RunPosition };

/** What happens in a run, as `train --json` prints it and `log.jsonl` keeps it. Epochs count from 1. */
export type RunEvent =
  | RunStartEvent
  | RunBatchEvent
  | RunEpochEvent
  | RunProfileEvent
  | RunEndEvent
  | { readonly event: 'error'; readonly code: string; readonly message: string };

/** Before the first step. */
export interface RunStartEvent {
  readonly event: 'start';
  /** Folder of the run. */
  readonly run: string;
  readonly model: string;
  /** Numbers of values in the weights. */
  readonly parameters: number;
  readonly data: RunData;
  readonly executor: string;
  readonly replicas: number;
  /** Who computes matrix products, and why if it is a fallback. */
  readonly gemm: string;
  readonly settings: RunSettings;
  /** Epoch that it begins with, and samples of it that are done already. */
  readonly epoch: number;
  readonly samples: number;
  /** Whether an earlier run goes on. */
  readonly resumed: boolean;
}

/** After each step: running means over the epoch so far. */
export interface RunBatchEvent {
  readonly event: 'batch';
  readonly epoch: number;
  /** Samples of the epoch that are done. */
  readonly samples: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly imagesPerSecond: number;
}

/** After each epoch: means over its training steps and over the validation images. */
export interface RunEpochEvent {
  readonly event: 'epoch';
  readonly epoch: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly valLoss: number;
  readonly valAccuracy: number;
  readonly seconds: number;
}

/** Where the time of the training steps went, when the run was asked for it; times in milliseconds. */
export interface RunProfileEvent {
  readonly event: 'profile';
  /** File with everything, call by call: an array of `StepProfile`. */
  readonly file: string;
  /** The step that took most of the time, that of training as a rule; without its calls. */
  readonly step: Omit<StepProfile, 'calls'>;
}

/** The end of a run that was not stopped by an error. */
export type RunEndEvent =
  | {
      readonly event: 'end';
      readonly status: 'done';
      readonly run: string;
      readonly testLoss: number;
      readonly testAccuracy: number;
      /** Of the validation images, where the test is otherwise than validation after epochs. */
      readonly valLoss?: number;
      readonly valAccuracy?: number;
      /** Path of the report, or why there is none. */
      readonly report?: string;
      readonly reportError?: string;
    }
  | {
      readonly event: 'end';
      readonly status: 'interrupted';
      readonly run: string;
      /** Epoch that it stopped in, and samples of it that are done. */
      readonly epoch: number;
      readonly samples: number;
    };
