import type { Command } from 'commander';
import { applications, countParameters, summarize } from '../../src/node.js';
import { findModel } from '../find-model.js';
import { addJsonOption } from '../option-values.js';
import { print, printJson } from '../print.js';

/** Adds `residuum summary`. */
export function addSummaryCommand(program: Command): void {
  const networks = Object.values(applications);
  const width = Math.max(...networks.map(({ name }) => name.length));
  const list = networks.map(({ name, title }) => `  ${name.padEnd(width)}  ${title}`).join('\n');
  const command = program
    .command('summary')
    .description('Shows the layers of a network, their output shapes and parameters.')
    .argument('[model]', 'a network, the folder of a run, or a model file', 'resnet50');
  addJsonOption(command)
    .addHelpText('after', `\nNetworks:\n${list}\n\nExample:\n  residuum summary resnet50`)
    .action(summary);
}

async function summary(name: string, options: { json?: boolean }): Promise<void> {
  const model = await findModel(name);
  if (options.json !== true) {
    print(model.summary());
    return;
  }
  for (const row of summarize(model.network)) printJson(row);
  printJson(countParameters(model.network));
}
