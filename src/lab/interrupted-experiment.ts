import { ResiduumError } from '../library.js';

/** An experiment was ended before it was complete; what it finished is kept. */
export class InterruptedExperiment extends ResiduumError {
  /** @param experiment its name. */
  constructor(experiment: string) {
    super(
      `the experiment ${experiment} was ended; what it finished is kept, and the same call goes on from there`,
      'E_INTERRUPTED',
    );
  }
}
