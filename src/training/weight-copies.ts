import type { NamedVariable } from './trainee.js';

/** Copies of weights as they are now, by name. */
export async function copyWeights(
  named: readonly NamedVariable[],
): Promise<Map<string, Float32Array>> {
  const values = new Map<string, Float32Array>();
  for (const { entry, variable } of named) values.set(entry, (await variable.read()).slice());
  return values;
}

/** Gives weights the values of copies; those that are not among them stay. */
export function writeWeights(
  named: readonly NamedVariable[],
  copies: ReadonlyMap<string, Float32Array>,
): void {
  for (const { entry, variable } of named) {
    const values = copies.get(entry);
    if (values !== undefined) variable.write(values);
  }
}
