/** What a gradient of this squared norm is multiplied by, so that its norm is at most `clipNorm`. */
export function clipFactor(squaredNorm: number, clipNorm: number): number {
  return clipNorm / Math.max(Math.sqrt(squaredNorm), clipNorm);
}

/** The same for the norm of all gradients: NaN where that is not finite, so that nobody goes on unaware. */
export function globalClipFactor(sums: ArrayLike<number>, clipNorm: number): number {
  let total = 0;
  for (let i = 0; i < sums.length; i++) total += sums[i];
  const norm = Math.sqrt(total);
  return Number.isFinite(norm) ? clipNorm * Math.min(1 / norm, 1 / clipNorm) : Number.NaN;
}
