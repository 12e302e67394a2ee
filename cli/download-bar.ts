import type { LoadDatasetOptions } from '../src/node.js';

const MEGABYTE = 1e6;
const REDRAW_MILLISECONDS = 100;

/** Shows a download: one line that changes on a terminal, a line a file elsewhere. */
export function downloadBar(): NonNullable<LoadDatasetOptions['onProgress']> {
  const { stdout } = process;
  let file = '';
  let drawn = 0;
  return (progress) => {
    const { receivedBytes, totalBytes, dataset } = progress;
    const done = receivedBytes >= totalBytes;
    const megabytes = (bytes: number) => (bytes / MEGABYTE).toFixed(1);
    const text = `Downloading ${dataset}: ${megabytes(receivedBytes)} of ${megabytes(totalBytes)} MB`;
    if (stdout.isTTY) {
      const now = performance.now();
      if (!done && now - drawn < REDRAW_MILLISECONDS) return;
      drawn = now;
      stdout.write(`\r${text.slice(0, stdout.columns - 1)}\x1b[K${done ? '\n' : ''}`);
      return;
    }
    if (progress.file === file) return;
    file = progress.file;
    stdout.write(`Downloading ${dataset}: ${file}\n`);
  };
}
