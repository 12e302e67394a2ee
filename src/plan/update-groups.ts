import type { UpdateRange } from './kernels.js';

/** A group of a range with its place: elements [from, from + count) of the call's own range. */
export interface PlacedGroup {
  from: number;
  count: number;
  rateScale: number;
  decay: number;
}

/** The groups of a range; all of it as one, at the learning rate, where there are none. */
export function placeGroups({ count, groups }: UpdateRange): PlacedGroup[] {
  if (groups === undefined) return [{ from: 0, count, rateScale: 1, decay: 0 }];
  let from = 0;
  return groups.map((group) => {
    const placed = { from, ...group };
    from += group.count;
    return placed;
  });
}
