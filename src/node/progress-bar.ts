import picocolors from 'picocolors';
import type { Callback, Logs, RunPlan } from '../training/callback.js';

/** The part of a writable stream that a progress bar uses; `process.stdout` is one. */
export interface ProgressStream {
  write(text: string): unknown;
  /** Whether lines can be drawn again. */
  readonly isTTY?: boolean;
  /** Width of the terminal in characters. */
  readonly columns?: number;
}

/** Options of `progressBar`. */
export interface ProgressBarOptions {
  /** Where to draw; default `process.stdout`. */
  stream?: ProgressStream;
  /** Milliseconds on any clock that does not go back; default `performance.now`. */
  now?: () => number;
}

/** A callback that shows progress. */
export interface ProgressBar extends Callback {
  /** Ends the line that is being drawn, if any, so that other text can follow. */
  finish(): void;
}

const BAR_WIDTH = 24;
const NARROWEST_BAR = 6;
const REDRAW_MILLISECONDS = 100;
const FALLBACK_COLUMNS = 80;
const LOSS_DIGITS = 4;
/** Logs that are no figures of the model. */
const BOOKKEEPING = new Set(['samples', 'imagesPerSecond', 'seconds']);

/**
 * Shows training and evaluation in the manner of Keras. On a terminal the line of the epoch is drawn
 * again as samples go by: samples done, bar, time left, figures, images per second. Elsewhere each
 * epoch is one line when it has ended, validation included.
 */
export function progressBar(options: ProgressBarOptions = {}): ProgressBar {
  return new EpochBar(options);
}

class EpochBar implements ProgressBar {
  readonly #stream: ProgressStream;
  readonly #now: () => number;
  readonly #redraws: boolean;
  #plan: RunPlan | undefined;
  #training = false;
  /** Samples of the evaluation under way. */
  #testSamples: number | undefined;
  #lineOpen = false;
  #drawn = Number.NEGATIVE_INFINITY;
  #started = 0;
  /** Samples and time after the first batch, which pays for warming up. */
  #first: { samples: number; time: number } | undefined;
  #logs: Logs = {};

  constructor({ stream = process.stdout, now = () => performance.now() }: ProgressBarOptions) {
    this.#stream = stream;
    this.#now = now;
    this.#redraws = stream.isTTY === true && process.env.TERM !== 'dumb';
  }

  setModel(_control: unknown, plan: RunPlan): void {
    this.#plan = plan;
    this.#training = true;
  }

  onEpochBegin(epoch: number): void {
    this.#stream.write(`Epoch ${epoch + 1}/${this.#plan?.epochs ?? '?'}\n`);
    this.#begin();
  }

  onTrainBatchEnd(_batch: number, logs: Logs): void {
    this.#logs = logs;
    this.#measure(logs.samples);
    this.#draw(() => this.#progressLine(logs, this.#plan?.samples));
  }

  onEpochEnd(_epoch: number, logs: Logs): void {
    const { imagesPerSecond = 0 } = this.#logs;
    const total = this.#plan?.samples ?? 0;
    const rest = [`${formatSeconds(logs.seconds)}`, ...figures(logs), rate(imagesPerSecond)];
    this.#close(total, total, rest);
  }

  onTrainEnd(): void {
    this.#training = false;
    this.finish();
  }

  onTestBegin({ samples }: Logs): void {
    if (this.#training) return;
    this.#testSamples = samples;
    this.#stream.write('Evaluation\n');
    this.#begin();
  }

  onTestBatchEnd(_batch: number, logs: Logs): void {
    if (this.#training) {
      const { imagesPerSecond = 0, samples } = this.#logs;
      const rest = [...figures(this.#logs), rate(imagesPerSecond)];
      const validating = `validating: ${logs.samples}`;
      this.#draw(() => this.#layOut(samples, this.#plan?.samples, [validating, ...rest]));
      return;
    }
    this.#measure(logs.samples);
    this.#logs = logs;
    this.#draw(() => this.#progressLine(logs, this.#testSamples));
  }

  onTestEnd(logs: Logs): void {
    if (this.#training) return;
    const milliseconds = this.#now() - this.#started;
    const { samples = 0 } = this.#logs;
    const imagesPerSecond = (samples * 1000) / Math.max(milliseconds, 1);
    const rest = [formatSeconds(milliseconds / 1000), ...figures(logs), rate(imagesPerSecond)];
    this.#close(samples, samples, rest);
  }

  finish(): void {
    if (!this.#lineOpen) return;
    this.#stream.write('\n');
    this.#lineOpen = false;
  }

  #begin(): void {
    this.#started = this.#now();
    this.#first = undefined;
    this.#logs = {};
    this.#drawn = Number.NEGATIVE_INFINITY;
  }

  #measure(samples: number): void {
    this.#first ??= { samples, time: this.#now() };
  }

  #progressLine(logs: Logs, total: number | undefined): string {
    const { samples } = logs;
    const { imagesPerSecond = (samples * 1000) / Math.max(this.#now() - this.#started, 1) } = logs;
    const eta =
      total === undefined ? [] : [`ETA ${this.#timeLeft(samples, total, imagesPerSecond)}`];
    return this.#layOut(samples, total, [...eta, ...figures(logs), rate(imagesPerSecond)]);
  }

  /** By the rate since the first batch, as soon as there is one. */
  #timeLeft(samples: number, total: number, imagesPerSecond: number): string {
    const first = this.#first;
    const elapsed = first === undefined ? 0 : (this.#now() - first.time) / 1000;
    const since = first === undefined ? 0 : samples - first.samples;
    const perSecond = since > 0 && elapsed > 0 ? since / elapsed : imagesPerSecond;
    return perSecond > 0 ? formatSeconds((total - samples) / perSecond) : '?';
  }

  #draw(line: () => string): void {
    if (!this.#redraws) return;
    const now = this.#now();
    if (now - this.#drawn < REDRAW_MILLISECONDS) return;
    this.#drawn = now;
    this.#stream.write(`\r${line()}\x1b[K`);
    this.#lineOpen = true;
  }

  /** Writes the line a last time, with all figures; a narrow terminal may wrap it now. */
  #close(samples: number, total: number, rest: readonly string[]): void {
    const whole = `${count(samples, total)} - ${rest.join(' - ')}`;
    if (!this.#redraws) {
      this.#stream.write(`${whole}\n`);
    } else {
      const line = whole.length > this.#room ? whole : this.#layOut(samples, total, rest);
      this.#stream.write(`\r\x1b[K${line}\n`);
    }
    this.#lineOpen = false;
  }

  get #room(): number {
    return (this.#stream.columns || FALLBACK_COLUMNS) - 1;
  }

  /** A line that fits the terminal: the bar gives way first, then the last figures. */
  #layOut(samples: number, total: number | undefined, rest: readonly string[]): string {
    const room = this.#room;
    const head = count(samples, total);
    const text = rest.join(' - ');
    if (total === undefined) return `${head} - ${text}`.slice(0, room);
    const barWidth = Math.min(BAR_WIDTH, room - head.length - text.length - 2);
    if (barWidth < NARROWEST_BAR) return `${head} ${text}`.slice(0, room);
    return `${head} ${drawBar(samples / total, barWidth)} ${text}`;
  }
}

/** A bar of which a share is filled. @param width in characters. */
export function drawBar(share: number, width: number): string {
  const filled = Math.max(0, Math.min(width, Math.round(share * width)));
  return picocolors.green('━'.repeat(filled)) + picocolors.dim('─'.repeat(width - filled));
}

function count(samples: number, total: number | undefined): string {
  if (total === undefined) return `${samples}`;
  return `${String(samples).padStart(String(total).length)}/${total}`;
}

function rate(imagesPerSecond: number): string {
  return `${imagesPerSecond.toFixed(imagesPerSecond < 10 ? 1 : 0)} img/s`;
}

/** `valLoss` → `val loss: 0.5000`, for every figure of the model. */
function figures(logs: Logs): string[] {
  return Object.entries(logs)
    .filter(([name]) => !BOOKKEEPING.has(name))
    .map(([name, value]) => {
      const spaced = name.replace(/^val(?=[A-Z])/, 'val ').replace(/^val [A-Z]/, lowerCase);
      return `${spaced}: ${value.toFixed(LOSS_DIGITS)}`;
    });
}

const lowerCase = (text: string) => text.toLowerCase();

/** Seconds as `8s`, `2:05` or `1:02:03`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  const two = (value: number) => String(value).padStart(2, '0');
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${two(whole % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}
