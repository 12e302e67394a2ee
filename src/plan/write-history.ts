import { type GateState, sameGate } from './gate.js';

/** A range of an arena, in elements. */
interface Range {
  offset: number;
  size: number;
}

interface Written extends Range {
  writer: string;
  /** Whether the range still holds what was written, untouched by writes to parts of it. */
  whole: boolean;
  /** The gates that must be so for it to have been written. */
  gates: readonly GateState[];
}

/**
 * Who last wrote which range of the scratch arena, as a plan's calls go by. Two buffers of the same
 * range are the same storage; any other overlap destroys what was there.
 */
export class WriteHistory {
  /** Disjoint and sorted by offset, so sorted by end too. */
  readonly #ranges: Written[] = [];

  /**
   * Records that the whole range was written, in steps in which the gates are so. Two writes in a row that
   * differ in the state of one gate are as good as one that does not ask for it.
   */
  write(range: Range, writer: string, gates: readonly GateState[] = []): void {
    const before = this.#ranges[this.#firstEndingAfter(range.offset)];
    const again = before?.whole && before.offset === range.offset && before.size === range.size;
    const rest = again ? complement(before.gates, gates) : undefined;
    this.#replace(range, writer, true, rest ?? gates);
  }

  /** Records that the range holds nothing that may be read. */
  clobber(range: Range, writer: string): void {
    this.#replace(range, writer, false);
  }

  /** Why the range cannot be read now, as the end of a sentence, or undefined when it can. */
  readFault({ offset, size }: Range, gates: readonly GateState[] = []): string | undefined {
    if (size === 0) return undefined;
    const first = this.#firstEndingAfter(offset);
    const found = this.#ranges[first];
    if (found === undefined || found.offset >= offset + size) return 'which was never written';
    if (found.offset === offset && found.size === size && found.whole) {
      const missing = found.gates.find((state) => !gates.some((other) => sameState(other, state)));
      if (missing === undefined) return undefined;
      const { stream, open } = missing;
      return `which ${found.writer} writes only while gate ${stream} is ${open ? 'open' : 'closed'}`;
    }
    const covered = found.whole && found.offset <= offset && found.size >= size;
    return covered
      ? `a part of what ${found.writer} wrote at ${found.offset}+${found.size}`
      : `which ${found.writer} has overwritten, wholly or in part`;
  }

  /** Cuts the range out of what lies there; remains of cut ranges are no longer whole. */
  #replace(
    { offset, size }: Range,
    writer: string,
    whole: boolean,
    gates: readonly GateState[] = [],
  ): void {
    if (size === 0) return;
    const end = offset + size;
    const first = this.#firstEndingAfter(offset);
    let last = first;
    const pieces: Written[] = [{ offset, size, writer, whole, gates }];
    const remains = { writer, whole: false, gates: [] };
    for (; last < this.#ranges.length && this.#ranges[last].offset < end; last++) {
      const old = this.#ranges[last];
      if (old.offset < offset) {
        pieces.unshift({ offset: old.offset, size: offset - old.offset, ...remains });
      }
      const oldEnd = old.offset + old.size;
      if (oldEnd > end) pieces.push({ offset: end, size: oldEnd - end, ...remains });
    }
    this.#ranges.splice(first, last - first, ...pieces);
  }

  /** Place of the first range that ends after `offset`. */
  #firstEndingAfter(offset: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const range = this.#ranges[middle];
      if (range.offset + range.size <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function sameState(a: GateState, b: GateState): boolean {
  return a.open === b.open && sameGate(a, b);
}

/** The gates that two writes have in common, where they differ in the state of one other; else undefined. */
function complement(
  a: readonly GateState[],
  b: readonly GateState[],
): readonly GateState[] | undefined {
  const common = a.filter((state) => b.some((other) => sameState(other, state)));
  const isOther = (state: GateState) => !common.some((other) => sameState(other, state));
  const [first, second] = [a.filter(isOther), b.filter((state) => isOther(state))];
  const one = first.length === 1 && second.length === 1 && sameGate(first[0], second[0]);
  return one ? common : undefined;
}
