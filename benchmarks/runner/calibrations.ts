import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { Contender, Variant } from './question.js';
import { benchFolder } from './repository.js';

const file = () => join(benchFolder(), 'calibrations.json');

interface Entry {
  variants: string;
  chosen: string;
  calibration: string;
}

/** Which variants were found best on this machine, so that a quick run need not try them all again. */
export class Calibrations {
  readonly #reuse: boolean;
  readonly #entries: Record<string, Entry>;

  /** @param reuse whether earlier findings count. */
  constructor(reuse: boolean) {
    this.#reuse = reuse;
    this.#entries = read();
  }

  /** The best variant as found before; undefined when it has to be found. */
  find(contender: Contender): { variant: Variant; calibration: string } | undefined {
    const entry = this.#entries[keyOf(contender)];
    if (!this.#reuse || entry?.variants !== JSON.stringify(contender.variants)) return undefined;
    const variant = contender.variants.find(({ name }) => name === entry.chosen);
    return variant && { variant, calibration: entry.calibration };
  }

  /** Keeps what was found. */
  keep(contender: Contender, variant: Variant, calibration: string): void {
    const day = new Date().toISOString().slice(0, 10);
    this.#entries[keyOf(contender)] = {
      variants: JSON.stringify(contender.variants),
      chosen: variant.name,
      calibration: `${calibration} (${day})`,
    };
    writeFileSync(file(), `${JSON.stringify(this.#entries, undefined, 2)}\n`);
  }
}

function keyOf({ id, cores }: Contender): string {
  return `${id} ${cores} ${cpus()[0]?.model}`;
}

function read(): Record<string, Entry> {
  try {
    return JSON.parse(readFileSync(file(), 'utf8')) as Record<string, Entry>;
  } catch {
    return {};
  }
}
