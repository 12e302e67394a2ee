import type { ExecutorOptions } from '../../src/node.js';
import { buildNetwork, compileOptions } from './build-network.js';
import { type Fixture, samples } from './fixture.js';

/** What we computed, under the fixture's tensor names, and the losses. */
export interface FixtureRun {
  tensors: Map<string, Float32Array>;
  losses: number[];
  inferenceLoss: number;
}

const STEPS = 3;

/** Inference, the gradients of one step, and the state after three steps, on an executor. */
export async function runFixture(
  fixture: Fixture,
  weightOf: (name: string, shape: readonly number[]) => ArrayLike<number>,
  executor: ExecutorOptions,
  data?: { inputs: ReturnType<typeof samples>[]; targets: ReturnType<typeof samples>[] },
): Promise<FixtureRun> {
  const { description } = fixture;
  const model = buildNetwork(description);
  for (const { entry, variable } of model.namedVariables) {
    variable.write(weightOf(entry, variable.shape));
  }
  model.compile({ ...compileOptions(description), ...executor });
  const inputs =
    data?.inputs ?? description.inputs.map(({ name }) => samples(fixture, `input/${name}`));
  const targets =
    data?.targets ?? description.outputs.map(({ call }) => samples(fixture, `target/${call}`));
  const tensors = new Map<string, Float32Array>();
  const predictions = await model.predictAll(inputs, { batchSize: description.batch });
  predictions.forEach((prediction, i) => {
    tensors.set(`inference/${description.outputs[i].call}`, prediction.data);
  });
  const inferenceLoss = (await model.testOnBatch(inputs, targets)).loss;
  const losses: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    losses.push((await model.trainOnBatch(inputs, targets)).loss);
    if (step > 0) continue;
    for (const [name, gradient] of await model.gradients()) {
      tensors.set(`gradient/${name}`, gradient);
    }
  }
  for (const { entry, variable } of model.namedVariables) {
    tensors.set(`step3/${entry}`, (await variable.read()).slice());
  }
  await model.dispose();
  return { tensors, losses, inferenceLoss };
}
