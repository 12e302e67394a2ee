import type { Command } from 'commander';
import { readRecipe, recipeNames } from '../../src/node.js';
import { addJsonOption } from '../option-values.js';
import { print, printFacts, printJson } from '../print.js';

/** Adds `residuum recipes`. */
export function addRecipesCommand(program: Command): void {
  const command = program
    .command('recipes')
    .description('Lists the ready-made descriptions of runs.');
  addJsonOption(command)
    .addHelpText(
      'after',
      '\nExamples:\n  residuum recipes\n  residuum train --recipe article --print-config > run.json',
    )
    .action(recipes);
}

function recipes({ json }: { json?: boolean }): void {
  const all = recipeNames().map((name) => ({ name, ...readRecipe(name) }));
  if (json === true) {
    for (const { $schema: _, ...recipe } of all) printJson(recipe);
    return;
  }
  printFacts(all.map(({ name, description = '' }) => [name, description]));
  print('\nTrain one:  residuum train --recipe NAME');
}
