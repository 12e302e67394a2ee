import type { Command } from 'commander';
import { type Inspection, inspectModel } from '../../src/node.js';
import { addJsonOption } from '../option-values.js';
import { grouped, plural, print, printFacts, printJson } from '../print.js';

const MARKS = { unsafe: 'UNSAFE', unloadable: 'not loadable', note: 'note' } as const;

/** Adds `residuum inspect`. */
export function addInspectCommand(program: Command): void {
  const command = program
    .command('inspect')
    .description(
      'Shows what is inside a model file, and whether it is safe and loadable; executes nothing.',
    )
    .argument('<file>', 'model file; its format is recognised by what it holds');
  addJsonOption(command)
    .addHelpText('after', '\nExample:\n  residuum inspect model.onnx')
    .action(inspect);
}

async function inspect(file: string, options: { json?: boolean }): Promise<void> {
  const inspection = await inspectModel(file);
  if (options.json) {
    const { model: _, ...report } = inspection;
    printJson({ file, ...report });
  } else {
    show(file, inspection);
  }
}

function show(file: string, inspection: Inspection): void {
  const { format, bytes, facts, layers, weights, findings, safe, loadable } = inspection;
  printFacts([
    ['File', `${file}  (${grouped(bytes)} bytes)`],
    ['Format', format.title],
    ...facts,
    ['Safe', safe ? 'yes: it holds data only' : 'NO'],
    ['Loadable', loadable ? 'yes' : 'no'],
  ]);
  for (const { kind, message } of findings) print(`${MARKS[kind]}: ${message}`);
  if (layers.length > 0) {
    print(`\n${plural(layers.length, 'layer')}:`);
    printColumns(layers.map(({ name, className, detail = '' }) => [name, className, detail]));
  }
  const count = weights.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  print(`\n${plural(weights.length, 'array')}, ${plural(count, 'number')}:`);
  printColumns(weights.map(({ name, dtype, shape }) => [name, dtype, `[${shape.join(', ')}]`]));
}

function printColumns(rows: readonly (readonly string[])[]): void {
  const widths = [0, 1].map((column) => Math.max(0, ...rows.map((row) => row[column].length)));
  for (const [first, second, third] of rows) {
    print(`  ${first.padEnd(widths[0])}  ${second.padEnd(widths[1])}  ${third}`.trimEnd());
  }
}
