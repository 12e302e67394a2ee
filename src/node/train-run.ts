/** Training runs, for the command line and whoever else keeps them in folders. */
export { mainProfile } from './runs/main-profile.js';
export { type ResumeChanges, resumeRun } from './runs/resume-run.js';
export type { RunEvent, RunOutcome } from './runs/run-event.js';
export type { RunHooks } from './runs/run-hooks.js';
export type { Figures, RunData, RunPosition, RunRecord, RunSettings } from './runs/run-record.js';
export { startRun } from './runs/start-run.js';
export type { TrainingRun } from './runs/training-run.js';
