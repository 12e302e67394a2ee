/** Gives out names that are all different, in time that does not grow with how many are alike. */
export class NumberedNames {
  readonly #taken = new Set<string>();
  readonly #next = new Map<string, number>();

  /** The name itself the first time, then `name_1`, `name_2`, … */
  take(name: string): string {
    let number = this.#next.get(name) ?? 0;
    let unique = number === 0 ? name : `${name}_${number}`;
    while (this.#taken.has(unique)) unique = `${name}_${++number}`;
    this.#taken.add(unique);
    this.#next.set(name, number + 1);
    return unique;
  }
}
