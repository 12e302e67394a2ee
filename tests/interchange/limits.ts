import assert from 'node:assert/strict';

const MOST_GROWTH = 256 * 2 ** 20;
const MOST_CPU_SECONDS = 1;

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** What reading hostile files may take: a second of processor time each, 256 MB in all. */
export class Limits {
  readonly #memory = process.memoryUsage.rss();
  readonly #peak = process.resourceUsage().maxRSS * 1024;

  /**
   * Reads a file and holds it to the limits, whether it is refused or not.
   * @param most seconds of processor time.
   */
  async hold<T>(what: string, read: () => T | Promise<T>, most = MOST_CPU_SECONDS): Promise<T> {
    const started = cpuSeconds();
    try {
      return await read();
    } finally {
      const seconds = cpuSeconds() - started;
      assert.ok(seconds < most, `${what} took ${seconds} s`);
      const peak = process.resourceUsage().maxRSS * 1024;
      const grown =
        Math.max(process.memoryUsage.rss(), peak > this.#peak ? peak : 0) - this.#memory;
      assert.ok(grown < MOST_GROWTH, `${what} took ${Math.round(grown / 2 ** 20)} MB`);
    }
  }
}
