/**
 * A learning rate as a pure function of the optimizer's iterations: a run that goes on needs nothing but
 * their number to go on rightly.
 */
export interface LearningRateSchedule {
  /** Name in files and messages. */
  readonly name: string;
  /** The rate of the step that comes after `iterations` steps. */
  at(iterations: number): number;
  /** Serialisable options. */
  getConfig(): Record<string, unknown>;
}
