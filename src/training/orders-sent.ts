/** More turns than an executor takes from the call of `run` to the message to its workers. */
const TURNS = 8;

/**
 * Lets all go on that waits for settled promises only: an executor must have told its workers to begin
 * before something synchronous, such as gathering or compiling, takes this thread.
 */
export async function ordersSent(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await undefined;
}
