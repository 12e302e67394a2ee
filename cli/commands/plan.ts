import type { Command } from 'commander';
import { graphEngine } from '../../src/node/machine.js';
import {
  formatPlanReport,
  formatStepProfile,
  type Model,
  type Plan,
  printPlan,
  reportPlan,
  type StepProfile,
} from '../../src/node.js';
import { findModel } from '../find-model.js';
import {
  addEngineOptions,
  addJsonOption,
  type EngineOptions,
  integer,
  oneOf,
} from '../option-values.js';
import { print, printJson } from '../print.js';

interface PlanOptions extends EngineOptions {
  batchSize: number;
  step: 'train' | 'evaluate' | 'predict';
  measure?: number | boolean;
  calls?: boolean;
  buffers?: boolean;
  json?: boolean;
}

const DEFAULT_BATCH_SIZE = 100;
const DEFAULT_MEASURED_STEPS = 3;

/** Adds `residuum plan`. */
export function addPlanCommand(program: Command): void {
  const command = program
    .command('plan')
    .description(
      'Explains what the compiler makes of a step, and where its time goes on this machine: by kernel and layer, with fusions, algorithms, memory.',
    )
    .argument(
      '[model]',
      "a network ('residuum summary --help' lists them) or the folder of a run",
      'resnet50',
    )
    .option('--batch-size <n>', 'images in a step', integer(1, 1e6), DEFAULT_BATCH_SIZE)
    .option(
      '--step <kind>',
      'train, evaluate or predict',
      oneOf(['train', 'evaluate', 'predict']),
      'train',
    )
    .option(
      '--measure [steps]',
      `run so many steps (default: ${DEFAULT_MEASURED_STEPS}) over made-up images, after one that warms up, for the times`,
      integer(1, 1e6),
    )
    .option('--no-measure', 'run nothing, show what a step costs instead of its times')
    .option('--calls', 'list all kernel calls of the first replica with their operands')
    .option('--buffers', 'list all arrays: where they lie, when they are in use, what they share');
  addEngineOptions(command);
  addJsonOption(command)
    .addHelpText(
      'after',
      '\nExamples:\n  residuum plan small-resnet --step predict --batch-size 1\n  residuum plan resnet50 --measure 10\n  residuum plan resnet50 --no-measure',
    )
    .action(plan);
}

async function plan(name: string, options: PlanOptions): Promise<void> {
  const { step, batchSize, executor, replicas, gemm, calls, buffers } = options;
  const engine = { executor, replicas, gemm, profile: options.measure !== false };
  const model = await findModel(name, engine);
  if (!model.compiled) {
    model.compile({ loss: 'categoricalCrossentropy', metrics: ['accuracy'], ...engine });
  }
  try {
    const plans = await model.plans(step, batchSize);
    const profile = await measure(model, options);
    if (options.json === true) {
      printReport(plans, profile);
      return;
    }
    const report = reportPlan(plans);
    print(formatPlanReport(report, { costs: profile === undefined, buffers }));
    if (profile !== undefined) {
      print(`\n${formatStepProfile(profile)}`);
      if (step !== 'train') await tellOfGraphs(options);
    }
    if (calls === true) print(`\n${printPlan(plans[0]).trimEnd()}`);
  } finally {
    await model.dispose();
  }
}

async function measure(
  model: Model,
  { step, batchSize, measure: steps }: PlanOptions,
): Promise<StepProfile | undefined> {
  if (steps === false) return undefined;
  const count = typeof steps === 'number' ? steps : DEFAULT_MEASURED_STEPS;
  process.stderr.write(`Measuring ${count} steps …\n`);
  return model.measureStep(step, batchSize, count);
}

/** Times are those of the kernels, which are not what runs where there are graphs. */
async function tellOfGraphs({ executor, gemm }: EngineOptions): Promise<void> {
  if (executor === 'reference' || gemm === 'wasm') return;
  const graphs = await graphEngine();
  if (graphs === undefined) return;
  print(
    `\nWithout timing, ${graphs} runs most of this as one graph from the second batch on, faster.`,
  );
}

function printReport(plans: readonly Plan[], profile: StepProfile | undefined): void {
  printJson({ ...reportPlan(plans), ...(profile !== undefined && { profile }) });
}
