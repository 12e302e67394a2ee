/** Exit code of a command that Ctrl-C ended. */
export const EXIT_INTERRUPTED = 130;

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
/** npm, which `npx residuum` runs under, passes on a signal that the terminal has sent to both. */
const ECHO_MILLISECONDS = 500;

let stop: (() => void) | undefined;

/** Lets the command under way stop and save, as Ctrl-C does. @returns whether it is one that does. */
export function interruptCommand(): boolean {
  stop?.();
  return stop !== undefined;
}

/**
 * Lets a command finish its step after Ctrl-C or SIGTERM. A second one, half a second later or more, ends the
 * program at once.
 * @param onFirst called at the first.
 */
export function listenForInterruption(onFirst: () => void): AbortSignal {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) return;
    controller.abort();
    onFirst();
    // From then on a signal meets the system's own handling, which ends the process. process.exit would tear
    // down workers in the middle of native code, which aborts.
    setTimeout(() => {
      for (const signal of SIGNALS) process.removeListener(signal, interrupt);
    }, ECHO_MILLISECONDS).unref();
  };
  stop = interrupt;
  for (const signal of SIGNALS) process.on(signal, interrupt);
  return controller.signal;
}
