/**
 * LAMB's trust ratio ‖w‖ / ‖u‖ from squared norms; 1 where one of them is 0.
 * @param ofWeight Σ w². @param ofDirection Σ u².
 */
export function trustRatio(ofWeight: number, ofDirection: number): number {
  return ofWeight > 0 && ofDirection > 0 ? Math.sqrt(ofWeight) / Math.sqrt(ofDirection) : 1;
}
