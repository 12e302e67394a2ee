import type { Shape } from '../core/shape.js';
import type { Dataset } from '../data/dataset.js';
import type { Trainer } from './trainer.js';

/** Options of `probe`. */
export interface ProbeOptions {
  /** Layers to look at, by name (`outer/inner` inside a nested model); none by default. */
  layers?: readonly string[];
}

/** What a layer gave for a batch, and what the loss says about it. */
export interface LayerProbe {
  /** Shape of both arrays, `[N, ...]`. */
  readonly shape: Shape;
  /** The layer's output, computed as in training. */
  readonly activation: Float32Array;
  /**
   * Gradient of the loss (the mean over the batch, with penalties) with respect to the output; zeros where
   * the loss does not depend on it.
   */
  readonly gradient: Float32Array;
}

/** Result of one forward and backward pass that changed nothing. */
export interface Probe {
  /** The loss of the batch, penalties included. */
  readonly loss: number;
  /** The layers asked for. */
  readonly layers: ReadonlyMap<string, LayerProbe>;
  /** Gradients of all trained weights, by weight name such as `conv/kernel`. */
  readonly weights: ReadonlyMap<string, Float32Array>;
}

/** Runs the whole data set as one batch. @throws {UnknownNameError} for a layer that there is not. */
export async function runProbe(
  trainer: Trainer,
  dataset: Dataset,
  { layers = [] }: ProbeOptions,
): Promise<Probe> {
  const names = [...new Set(layers)];
  const step = await trainer.step('probe', dataset.size, names);
  const [arrays] = step.prepared.inputs;
  const inputs = dataset.inputShapes.length;
  const indices = Uint32Array.from({ length: dataset.size }, (_, i) => i);
  await dataset.gather(indices, arrays.slice(0, inputs), arrays.slice(inputs));
  trainer.requireClasses(arrays.slice(inputs), indices);
  const results = await trainer.run(step, 0);
  const [{ outputs, buffers }] = step.plans;
  const shapes = new Map(outputs.map(({ name, buffer }) => [name, buffers[buffer].shape]));
  const probes = new Map<string, LayerProbe>();
  for (const name of names) {
    const activation = Float32Array.from(results[`activation:${name}`]);
    const found = results[`gradient:${name}`];
    const gradient = found ? Float32Array.from(found) : new Float32Array(activation.length);
    const sample = (shapes.get(`activation:${name}`) ?? []).slice(1);
    const shape = [dataset.size, ...sample];
    probes.set(name, { shape, activation, gradient });
  }
  const loss = results.loss[0];
  const weights = await trainer.gradients();
  await trainer.clearGradients();
  return { loss, layers: probes, weights };
}
