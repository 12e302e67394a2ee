/** A range of an arena, in elements. */
interface Range {
  offset: number;
  size: number;
}

interface Written extends Range {
  writer: string;
  /** Whether the range still holds what was written, untouched by writes to parts of it. */
  whole: boolean;
}

/**
 * Who last wrote which range of the scratch arena, as a plan's calls go by. Two buffers of the same
 * range are the same storage; any other overlap destroys what was there.
 */
export class WriteHistory {
  /** Disjoint and sorted by offset, so sorted by end too. */
  readonly #ranges: Written[] = [];

  /** Records that the whole range was written. */
  write(range: Range, writer: string): void {
    this.#replace(range, writer, true);
  }

  /** Records that the range holds nothing that may be read. */
  clobber(range: Range, writer: string): void {
    this.#replace(range, writer, false);
  }

  /** Why the range cannot be read now, as the end of a sentence, or undefined when it can. */
  readFault({ offset, size }: Range): string | undefined {
    if (size === 0) return undefined;
    const first = this.#firstEndingAfter(offset);
    const found = this.#ranges[first];
    if (found === undefined || found.offset >= offset + size) return 'which was never written';
    if (found.offset === offset && found.size === size && found.whole) return undefined;
    const covered = found.whole && found.offset <= offset && found.size >= size;
    return covered
      ? `a part of what ${found.writer} wrote at ${found.offset}+${found.size}`
      : `which ${found.writer} has overwritten, wholly or in part`;
  }

  /** Cuts the range out of what lies there; remains of cut ranges are no longer whole. */
  #replace({ offset, size }: Range, writer: string, whole: boolean): void {
    if (size === 0) return;
    const end = offset + size;
    const first = this.#firstEndingAfter(offset);
    let last = first;
    const pieces: Written[] = [{ offset, size, writer, whole }];
    for (; last < this.#ranges.length && this.#ranges[last].offset < end; last++) {
      const old = this.#ranges[last];
      if (old.offset < offset) {
        pieces.unshift({ offset: old.offset, size: offset - old.offset, writer, whole: false });
      }
      const oldEnd = old.offset + old.size;
      if (oldEnd > end) pieces.push({ offset: end, size: oldEnd - end, writer, whole: false });
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
