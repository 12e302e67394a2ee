import { readdirSync, readFileSync } from 'node:fs';
import { UnknownNameError } from '../../core/errors.js';
import { packagePath } from '../package-file.js';
import { parseRunConfig, type RunConfig } from './run-config.js';

const FOLDER = 'recipes';
const ENDING = '.json';

/** Names of the recipes that ship with the package. */
export function recipeNames(): string[] {
  return readdirSync(packagePath(FOLDER))
    .filter((name) => name.endsWith(ENDING))
    .map((name) => name.slice(0, -ENDING.length))
    .sort();
}

/** A recipe: a description of a run that ships with the package. @throws {UnknownNameError} */
export function readRecipe(name: string): RunConfig {
  const names = recipeNames();
  if (!names.includes(name)) throw new UnknownNameError('recipe', name, names);
  const path = packagePath(`${FOLDER}/${name}${ENDING}`);
  return parseRunConfig(readFileSync(path, 'utf8'), `recipe ${name}`);
}
