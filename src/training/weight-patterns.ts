import { nearestName, ValueError } from '../core/errors.js';

/**
 * Whether a pattern means a weight such as `block/conv/kernel`. It may be the weight's name, the name of
 * a layer or block that it lies in (`block`, `block/conv`), or any one name on the way, such as `kernel`; in
 * all of them `*` stands for any run of characters: `res5*`, `*_bn/gamma`.
 */
export function matchesWeight(pattern: string, entry: string): boolean {
  const pieces = pattern.split('*');
  const names = entry.split('/');
  const heads = names.map((_, i) => names.slice(0, i + 1).join('/'));
  return [...names, ...heads].some((name) => fits(pieces, name));
}

/** Whether a name is the pieces with anything between them; no expression, for files hold patterns. */
function fits(pieces: readonly string[], name: string): boolean {
  const [first] = pieces;
  if (pieces.length === 1) return name === first;
  const last = pieces[pieces.length - 1];
  const end = name.length - last.length;
  let at = first.length;
  if (!name.startsWith(first) || !name.endsWith(last) || end < at) return false;
  for (const piece of pieces.slice(1, -1)) {
    const found = name.indexOf(piece, at);
    if (found < 0 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}

/** Numbers by pattern of the weights that they are meant for. */
export type ByWeight = Readonly<Record<string, number>>;

/** The number of the last pattern that means the weight, or 1. */
export function multiplierOf(multipliers: ByWeight, entry: string): number {
  const found = Object.entries(multipliers).findLast(([pattern]) => matchesWeight(pattern, entry));
  return found?.[1] ?? 1;
}

/**
 * Checks that every pattern means a weight of the model.
 * @param option whose keys the patterns are. @throws {ValueError} for one that means none.
 */
export function requireMatches(
  option: string,
  multipliers: ByWeight,
  entries: readonly string[],
): void {
  for (const pattern of Object.keys(multipliers)) {
    if (entries.some((entry) => matchesWeight(pattern, entry))) continue;
    const near = nearestName(pattern, [...new Set(entries.flatMap((entry) => entry.split('/')))]);
    const hint =
      near === undefined ? `they have names such as '${entries[0]}'` : `is it '${near}'?`;
    throw new ValueError(`${option}: '${pattern}' fits no weight of the model; ${hint}`);
  }
}
