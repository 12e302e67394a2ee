/** ‖ours − truth‖₂ / ‖truth‖₂; the plain distance where the truth is zero. */
export function relativeError(ours: ArrayLike<number>, truth: ArrayLike<number>): number {
  if (ours.length !== truth.length) return Number.POSITIVE_INFINITY;
  let distance = 0;
  let norm = 0;
  for (let i = 0; i < truth.length; i++) {
    distance += (ours[i] - truth[i]) ** 2;
    norm += truth[i] ** 2;
  }
  return Math.sqrt(norm === 0 ? distance : distance / norm);
}
