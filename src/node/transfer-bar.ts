import type { OnTransfer, TransferProgress } from './model-interchange.js';
import { drawBar, formatSeconds, type ProgressStream } from './progress-bar.js';

/** A bar for models that are carried in or out. */
export interface TransferBar {
  /** Draws how far it has come. */
  readonly onProgress: OnTransfer;
  /** Wipes the line, so that other text can follow. */
  finish(): void;
}

const MEGABYTE = 1e6;
const REDRAW_MILLISECONDS = 100;
const BAR_WIDTH = 24;
const NARROWEST_BAR = 6;
const FALLBACK_COLUMNS = 80;

const TITLES: Readonly<Record<TransferProgress['stage'], string>> = {
  reading: 'Reading',
  decoding: 'Making the model',
  encoding: 'Making the file',
  computing: 'Computing the receipt',
  writing: 'Writing',
};

/**
 * Shows on a terminal what carrying a model is busy with, and where bytes are counted how long it will
 * take; writes nothing elsewhere.
 * @param stream where to draw. @param now milliseconds on any clock that does not go back.
 */
export function transferBar(
  stream: ProgressStream = process.stdout,
  now: () => number = () => performance.now(),
): TransferBar {
  const draws = stream.isTTY === true && process.env.TERM !== 'dumb';
  let stage = '';
  let began = 0;
  let drawn = Number.NEGATIVE_INFINITY;
  let lineOpen = false;
  /** The bar gives way where the line is narrow. */
  const write = (head: string, share = 0, tail = '') => {
    const room = (stream.columns || FALLBACK_COLUMNS) - 1;
    const width = Math.min(BAR_WIDTH, room - head.length - tail.length - 2);
    const isWide = tail !== '' && width >= NARROWEST_BAR;
    const line = isWide
      ? `${head} ${drawBar(share, width)} ${tail}`
      : `${head} ${tail}`.trimEnd().slice(0, room);
    stream.write(`\r${line}\x1b[K`);
    lineOpen = true;
    drawn = now();
  };
  return {
    onProgress({ stage: next, done = 0, total = 0 }) {
      if (!draws) return;
      const title = TITLES[next];
      if (next !== stage) {
        [stage, began] = [next, now()];
        write(`${title} …`);
        return;
      }
      if (total === 0 || now() - drawn < REDRAW_MILLISECONDS) return;
      const left = ((now() - began) / 1000 / done) * (total - done);
      const megabytes = (bytes: number) => (bytes / MEGABYTE).toFixed(0);
      const head = `${title} ${megabytes(done)}/${megabytes(total)} MB`;
      write(head, done / total, `ETA ${formatSeconds(left)}`);
    },
    finish() {
      if (lineOpen) stream.write('\r\x1b[K');
      lineOpen = false;
    },
  };
}
