/** Exit code of a command that Ctrl-C ended. */
export const EXIT_INTERRUPTED = 130;

/**
 * Lets a command finish its step after Ctrl-C or SIGTERM. A second one ends the program at once.
 * @param onFirst called at the first.
 */
export function listenForInterruption(onFirst: () => void): AbortSignal {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.kill(process.pid, 'SIGKILL');
    controller.abort();
    onFirst();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return controller.signal;
}
