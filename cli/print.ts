/** Prints a line of text. */
export function print(text = ''): void {
  process.stdout.write(`${text}\n`);
}

/** Prints a value as one line of JSON. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Prints rows of a title and a text, the texts below each other. */
export function printFacts(facts: readonly (readonly [title: string, text: string])[]): void {
  const width = Math.max(...facts.map(([title]) => title.length));
  for (const [title, text] of facts) print(`${title.padEnd(width)}  ${text}`);
}

/** Prints a table: every column as wide as its widest cell. */
export function printTable(header: readonly string[], rows: readonly (readonly string[])[]): void {
  const all = [header, ...rows];
  const widths = header.map((_, i) => Math.max(...all.map((row) => (row[i] ?? '').length)));
  for (const row of all) {
    print(
      widths
        .map((width, i) => (row[i] ?? '').padEnd(width))
        .join('  ')
        .trimEnd(),
    );
  }
}

/** A count with its thousands set apart. */
export function grouped(count: number): string {
  return count.toLocaleString('en-US');
}

/** `2 epochs`, `1 epoch`. */
export function plural(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** Loss and accuracy in words. */
export function lossAndAccuracy({ loss, accuracy }: Readonly<Record<string, number>>): string {
  return `loss ${loss.toFixed(4)}, accuracy ${(100 * accuracy).toFixed(2)} %`;
}
