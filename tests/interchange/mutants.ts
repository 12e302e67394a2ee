/**
 * How many mutants of a file a test reads: `RESIDUUM_MUTANTS=10000 npm test -- hostile` for a long look.
 * @param usual without it.
 */
export function mutantCount(usual = 2000): number {
  return Number(process.env.RESIDUUM_MUTANTS ?? usual);
}
