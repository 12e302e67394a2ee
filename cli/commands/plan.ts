import type { Command } from 'commander';
import { datasetCatalog, findApplication, printPlan } from '../../src/node.js';
import { addEngineOptions, type EngineOptions, integer, oneOf } from '../option-values.js';
import { print } from '../print.js';

interface PlanOptions extends EngineOptions {
  batchSize: number;
  step: 'train' | 'evaluate' | 'predict';
}

const DEFAULT_BATCH_SIZE = 100;

/** Adds `residuum plan`. */
export function addPlanCommand(program: Command): void {
  const command = program
    .command('plan')
    .description('Prints what the compiler makes of a step: the kernel calls of the first replica.')
    .argument('[model]', 'a network', 'resnet50')
    .option('--batch-size <n>', 'images in a step', integer(1, 1e6), DEFAULT_BATCH_SIZE)
    .option(
      '--step <kind>',
      'train, evaluate or predict',
      oneOf(['train', 'evaluate', 'predict']),
      'train',
    );
  addEngineOptions(command)
    .addHelpText('after', '\nExample:\n  residuum plan small-resnet --step predict --batch-size 1')
    .action(plan);
}

async function plan(name: string, options: PlanOptions): Promise<void> {
  const { step, batchSize, executor, replicas, gemm } = options;
  const [{ imageShape, classNames }] = datasetCatalog;
  const application = findApplication(name);
  const model = application.build({ inputShape: imageShape, classes: classNames.length });
  const metrics = ['accuracy'] as const;
  model.compile({ loss: 'categoricalCrossentropy', metrics, executor, replicas, gemm });
  try {
    const [first] = await model.plans(step, batchSize);
    print(printPlan(first).trimEnd());
  } finally {
    await model.dispose();
  }
}
