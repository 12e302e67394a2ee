import { createHash } from 'node:crypto';

/** How far a log goes: so many lines of training, and a checksum of what they say. */
export interface LogMark {
  /** Lines about steps and epochs, from the beginning of the run. */
  readonly lines: number;
  /** Checksum over them, without what a clock or a folder's name has put there. */
  readonly digest: string;
}

/** The beginning of a log. */
export const EMPTY_LOG: LogMark = { lines: 0, digest: '' };

/** Events that training is made of; all others are about processes. */
const TRAINING_EVENTS = new Set(['batch', 'epoch']);
/** Events that a whole log is not measured by. */
const LEFT_OUT = new Set(['start', 'profile']);
/** Fields that differ between runs that compute the same. */
const INCIDENTAL = new Set([
  'imagesPerSecond',
  'seconds',
  'run',
  'report',
  'reportError',
  'dataDir',
  'where',
]);

/** Whether an event is one of training. */
export function isTrainingEvent(event: unknown): boolean {
  return typeof event === 'object' && event !== null && TRAINING_EVENTS.has(String(kindOf(event)));
}

/** The mark after one more line: each checksum is taken over the one before it and the line. */
export function advance({ lines, digest }: LogMark, event: unknown): LogMark {
  const hash = createHash('sha256').update(digest).update('\n').update(canonical(event));
  return { lines: lines + 1, digest: hash.digest('hex') };
}

/**
 * Checksum of a whole log: equal for two runs that computed the same, whenever and wherever they did, and
 * however often they were interrupted. What they were told at the start is left out, for it can be said in
 * several ways, and so are profiles.
 * @param text content of a `log.jsonl`.
 */
export function logDigest(text: string): string {
  const events = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line))
    .filter((event) => !LEFT_OUT.has(String(kindOf(event))));
  return events.reduce(advance, EMPTY_LOG).digest;
}

function kindOf(event: unknown): unknown {
  return typeof event === 'object' && event !== null && 'event' in event ? event.event : undefined;
}

/** JSON with sorted keys, without incidental fields. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value)
    .filter(([key, field]) => !INCIDENTAL.has(key) && field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`);
  return `{${fields.join(',')}}`;
}
