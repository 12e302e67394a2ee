import { FormatError } from '../../core/errors.js';
import type { Hdf5Dataset } from '../../formats/hdf5/decode-hdf5.js';
import type { Hdf5DatasetInput } from '../../formats/hdf5/hdf5-tree.js';
import type { Variable } from '../../graph/variable.js';
import type { Model } from '../../models/model.js';
import type { NamedVariable } from '../../training/trainee.js';
import type { OptimizerState } from '../../training/trainer.js';
import { readFloats } from './weight-matching.js';

/** Keras's names of the arrays that an optimizer keeps, and how it orders them. */
interface SlotRow {
  readonly names: Readonly<Record<string, string>>;
  /** Whether all weights have their first array before any has its second. */
  readonly bySlot?: boolean;
}

const MOMENTS: SlotRow = { names: { m: 'momentum', v: 'velocity' } };
const SLOTS: Readonly<Record<string, SlotRow>> = {
  adam: MOMENTS,
  adamw: MOMENTS,
  sgd: MOMENTS,
  rmsprop: { names: { v: 'velocity', m: 'momentum', a: 'average_gradient' }, bySlot: true },
  lion: MOMENTS,
  lamb: MOMENTS,
};

/** Arrays that every optimizer may keep; those of all weights come before its own. */
const COMMON_SLOTS: Readonly<Record<string, string>> = {
  average: 'average',
  gradientAccumulator: 'gradient_accumulator',
};

/** Weights that training changes, in the order in which Keras keeps their state. */
function trained(model: Model): NamedVariable[] {
  const set = new Set(model.trainableWeights);
  return model.namedVariables.filter(({ variable }) => set.has(variable));
}

/** An array that the optimizer keeps of a weight. */
interface SlotArray extends NamedVariable {
  readonly slot: string;
  /** Keras's name of the slot. */
  readonly kept: string;
}

/** The arrays of the optimizer in Keras's order. */
function slotArrays(model: Model): SlotArray[] {
  const { name, slots } = model.optimizer;
  const row: SlotRow | undefined = Object.hasOwn(SLOTS, name) ? SLOTS[name] : undefined;
  const weights = trained(model);
  const common = slots.filter((slot) => Object.hasOwn(COMMON_SLOTS, slot));
  const own = slots.filter((slot) => !Object.hasOwn(COMMON_SLOTS, slot));
  const bySlot = row?.bySlot === true ? own.map((slot) => [slot]) : [own];
  const groups = [...common.map((slot) => [slot]), ...bySlot];
  const names: Readonly<Record<string, string>> = { ...row?.names, ...COMMON_SLOTS };
  return groups.flatMap((group) =>
    weights.flatMap((weight) =>
      group.map((slot) => ({ ...weight, slot, kept: names[slot] ?? slot })),
    ),
  );
}

/**
 * Iteration, learning rate unless it follows a schedule, and, once it has trained, the arrays of every
 * trained weight, in Keras's order and with its names.
 * @param paths what Keras calls the weights, where that differs from our entries.
 */
export async function optimizerArrays(
  model: Model,
  paths: ReadonlyMap<Variable, string> = new Map(),
): Promise<{ readonly name: string; readonly dataset: Hdf5DatasetInput }[]> {
  const { iterations, slots } = await model.optimizerState();
  const { learningRate, schedule } = model.optimizer;
  const arrays: { name: string; dataset: Hdf5DatasetInput }[] = [
    { name: 'iteration', dataset: { shape: [], data: BigInt64Array.of(BigInt(iterations)) } },
  ];
  if (schedule === undefined) {
    const rate = { shape: [], data: Float32Array.of(learningRate) };
    arrays.push({ name: 'learning_rate', dataset: rate });
  }
  if (iterations === 0 && slots.size === 0) return arrays;
  for (const { entry, variable, slot, kept } of slotArrays(model)) {
    const data = slots.get(slot)?.get(entry) ?? new Float32Array(variable.size);
    const full = `${(paths.get(variable) ?? entry).replaceAll('/', '_')}_${kept}`;
    arrays.push({ name: full, dataset: { shape: variable.shape, data } });
  }
  return arrays;
}

function iterationsOf(dataset: Hdf5Dataset, source: string): number {
  const values = dataset.read();
  const iterations = values.length === 1 ? Number(values[0]) : -1;
  if (Number.isSafeInteger(iterations) && iterations >= 0) return iterations;
  throw new FormatError(
    `${source}: the optimizer's iteration is ${dataset}, expected a count of steps`,
  );
}

/**
 * Continues with the optimizer state of a file.
 * @param datasets the arrays in Keras's order.
 * @throws {FormatError} when their number or shapes are not what the model's optimizer keeps.
 */
export async function takeOptimizerArrays(
  model: Model,
  datasets: readonly Hdf5Dataset[],
  source: string,
): Promise<void> {
  if (datasets.length === 0) return;
  const wanted = slotArrays(model);
  const { schedule, slots: slotNames } = model.optimizer;
  const single = schedule === undefined ? 2 : 1;
  const expected = single + wanted.length;
  if (datasets.length !== expected && datasets.length !== single) {
    throw new FormatError(
      `${source} holds ${datasets.length} arrays of its optimizer, but ${model.optimizer.name} keeps ${expected} for this model; load it with { compile: false } to leave them out`,
    );
  }
  const iterations = iterationsOf(datasets[0], source);
  const slots = new Map(slotNames.map((slot) => [slot, new Map<string, Float32Array>()]));
  if (datasets.length > single) {
    wanted.forEach(({ entry, variable, slot }, i) => {
      const dataset = datasets[single + i];
      if (dataset.shape.join() !== variable.shape.join()) {
        throw new FormatError(
          `${source}: the optimizer's ${slot} of '${entry}' is ${dataset}, expected [${variable.shape.join(', ')}]`,
        );
      }
      slots.get(slot)?.set(entry, readFloats(dataset, source));
    });
  }
  if (schedule === undefined) {
    const [learningRate] = readFloats(datasets[1], source);
    // The file keeps the rate as float32; the config has it with all its digits where they agree.
    if (Math.fround(model.optimizer.learningRate) !== learningRate) {
      model.optimizer.learningRate = learningRate;
    }
  }
  await model.setOptimizerState({ iterations, slots } satisfies OptimizerState);
}
