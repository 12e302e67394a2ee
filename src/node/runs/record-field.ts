import { FormatError } from '../../core/errors.js';
import type { EpochRecord, Figures, RunPosition } from './run-record.js';

const LONGEST_TEXT = 4096;
/** What a figure may be called. */
export const FIGURE_NAME = /^[A-Za-z][A-Za-z0-9_./-]{0,199}$/;
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);

/** A value of the file with its path, for messages. */
export class Field {
  constructor(
    readonly value: unknown,
    readonly path: string,
    readonly source: string,
  ) {}

  /** The whole of a JSON text. @throws FormatError when it is none. */
  static parse(text: string, source: string): Field {
    try {
      return new Field(JSON.parse(text), '', source);
    } catch {
      throw new FormatError(`${source} is damaged: it is not JSON.`);
    }
  }

  /** A member; one that is missing has the value undefined. */
  get(name: string): Field {
    const { value, path } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw this.wrong('an object');
    }
    const member = Object.hasOwn(value, name)
      ? (value as Record<string, unknown>)[name]
      : undefined;
    return new Field(member, path === '' ? name : `${path}.${name}`, this.source);
  }

  /** Reads a member that may be missing. */
  optional<T>(read: (field: Field) => T): T | undefined {
    return this.value === undefined ? undefined : read(this);
  }

  /** A text that is not too long. */
  text(): string {
    if (typeof this.value === 'string' && this.value.length <= LONGEST_TEXT) return this.value;
    throw this.wrong('a text');
  }

  /** A finite number. */
  number(least: number): number {
    if (typeof this.value === 'number' && Number.isFinite(this.value) && this.value >= least) {
      return this.value;
    }
    throw this.wrong(`a number ≥ ${least}`);
  }

  /** A whole number. */
  integer(least: number, most = Number.MAX_SAFE_INTEGER): number {
    const { value } = this;
    if (Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most) {
      return Number(value);
    }
    const range = most === Number.MAX_SAFE_INTEGER ? `≥ ${least}` : `from ${least} to ${most}`;
    throw this.wrong(`an integer ${range}`);
  }

  /** One of some names. */
  oneOf<T extends string>(known: readonly T[]): T {
    const found = known.find((one) => one === this.value);
    if (found !== undefined) return found;
    throw this.wrong(`one of ${known.join(', ')}`);
  }

  /** A list. */
  list(most: number, least = 0): Field[] {
    const { value, path } = this;
    if (!Array.isArray(value) || value.length < least || value.length > most) {
      throw this.wrong(`a list of ${least} to ${most} entries`);
    }
    return value.map((entry: unknown, i) => new Field(entry, `${path}[${i}]`, this.source));
  }

  /** Numbers by plain names. */
  figures(): Figures {
    const { value } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw this.wrong('an object');
    }
    const names = Object.keys(value);
    if (names.some((name) => FORBIDDEN.has(name) || !FIGURE_NAME.test(name))) {
      throw this.wrong('figures by plain names');
    }
    return Object.fromEntries(
      names.map((name) => [name, this.get(name).number(Number.NEGATIVE_INFINITY)]),
    );
  }

  /** Members of any kind, by plain names. */
  members(): Record<string, unknown> {
    const { value } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw this.wrong('an object');
    }
    if (Object.keys(value).some((name) => FORBIDDEN.has(name))) throw this.wrong('plain names');
    return { ...value };
  }

  /** The error of a value that is not what it must be. */
  wrong(expected: string): FormatError {
    const shown = this.value === undefined ? 'missing' : (JSON.stringify(this.value) ?? 'strange');
    const short = shown.length > 60 ? `${shown.slice(0, 60)}…` : shown;
    const subject = this.path === '' ? 'its content' : `'${this.path}'`;
    return new FormatError(
      `${this.source} is damaged: ${subject} is ${short}, expected ${expected}.`,
    );
  }
}

/** Reads a `RunPosition`. @throws FormatError naming the first field that is wrong. */
export function readPosition(field: Field, epochs?: number, steps?: number): RunPosition {
  return {
    epoch: field.get('epoch').integer(0, epochs),
    batch: field.get('batch').integer(0, steps),
    samples: field.get('samples').integer(0),
    sums: field.get('sums').figures(),
  };
}

/** Reads an `EpochRecord`. @throws FormatError naming the first field that is wrong. */
export function readEpoch(field: Field): EpochRecord {
  return { epoch: field.get('epoch').integer(1), figures: field.get('figures').figures() };
}
