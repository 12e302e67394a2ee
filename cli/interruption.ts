/** Exit code of a command that Ctrl-C ended. */
export const EXIT_INTERRUPTED = 130;

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Lets a command finish its step after Ctrl-C or SIGTERM. A second one ends the program at once.
 * @param onFirst called at the first.
 */
export function listenForInterruption(onFirst: () => void): AbortSignal {
  const controller = new AbortController();
  const interrupt = () => {
    // The second one meets the system's own handling, which ends the process. process.exit would tear
    // down workers in the middle of native code, which aborts.
    for (const signal of SIGNALS) process.removeListener(signal, interrupt);
    controller.abort();
    onFirst();
  };
  for (const signal of SIGNALS) process.on(signal, interrupt);
  return controller.signal;
}
