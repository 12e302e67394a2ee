import { FormatError } from '../../core/errors.js';
import { formatShape, sameShape, sizeOf } from '../../core/shape.js';
import {
  encodeSafetensors,
  type TensorEntry,
  type TensorInput,
} from '../../formats/safetensors.js';
import type { Model } from '../../models/model.js';
import { describeModules, moduleDifferences } from './describe-module.js';
import { inverseAxes, permuteAxes } from './permute-axes.js';
import { type TorchModule, type TorchWeight, torchModules, torchWeights } from './torch-weights.js';
import { torchvisionStyle } from './torchvision-style.js';

/** Reasons that a message lists; the rest is counted. */
const MOST_REASONS = 8;
const STEPS = 'num_batches_tracked';

const RULE = `Keys are module paths of PyTorch. Kernels are [out, in, height, width] and matrices [out, in]; here they are [height, width, in, out] and [in, out]. Images are [N, C, H, W] there and [N, H, W, C] here; a flattened image is in the order C, H, W. running_var moves with the unbiased variance in PyTorch and with the biased one here and in Keras. A softmax at the end is not part of the weights.`;

/** Where PyTorch keeps the layers: as torchvision where it computes the same, else by layer name. */
function modulesOf(model: Model): { modules: TorchModule[]; style: string } {
  const style = torchvisionStyle(model);
  if (style !== undefined && style.problems.length === 0) {
    return { modules: torchModules(model, style.modules), style: "torchvision's names" };
  }
  return { modules: torchModules(model), style: 'layer names' };
}

/**
 * A model's weights as a state dictionary of PyTorch in a safetensors file. A network that torchvision
 * computes alike gets torchvision's keys; every other model gets the names of its layers, those of nested
 * models behind the model's and a dot. The metadata `modules` says how PyTorch makes each module.
 * @throws {ValueError} for a model that has no counterpart in PyTorch, naming the layer.
 */
export async function encodeTorch(model: Model): Promise<Uint8Array[]> {
  const { modules, style } = modulesOf(model);
  const iterations = model.compiled ? (await model.optimizerState()).iterations : 0;
  const tensors = new Map<string, TensorInput>();
  for (const module of modules) {
    for (const { key, variable, constant, shape, from, axes } of torchWeights(module)) {
      const values = await variable?.read();
      const data =
        values === undefined
          ? new Float32Array(sizeOf(shape)).fill(constant)
          : permuteAxes(values, from, axes);
      tensors.set(key, { shape, data });
    }
    if (module.layer.className !== 'BatchNormalization') continue;
    const data = BigInt64Array.of(BigInt(iterations));
    tensors.set(`${module.module}.${STEPS}`, { shape: [], data });
  }
  return encodeSafetensors(tensors, {
    format: 'pt',
    description: RULE,
    keys: style,
    modules: JSON.stringify(describeModules(model, modules)),
  });
}

/** The tensors without a prefix that all have, such as `module.` of DataParallel. */
export function withoutPrefix(
  tensors: ReadonlyMap<string, TensorEntry>,
): ReadonlyMap<string, TensorEntry> {
  for (const prefix of ['module.', 'model.', '_orig_mod.']) {
    if (tensors.size === 0 || ![...tensors.keys()].every((key) => key.startsWith(prefix))) continue;
    return new Map([...tensors].map(([key, tensor]) => [key.slice(prefix.length), tensor]));
  }
  return tensors;
}

/** Why a tensor does not fit its weight, or undefined when it does. */
function misfit(weight: TorchWeight, tensor: TensorEntry | undefined): string | undefined {
  const { key, layer, variable, shape, constant } = weight;
  const here = `layer '${layer}' ↔ '${key}'`;
  if (tensor === undefined) return `${here}: the file has no such key`;
  if (!(tensor.data instanceof Float32Array) && !(tensor.data instanceof Float64Array)) {
    return `${here}: numbers of type ${tensor.dtype}, F32 or F64 expected (.float() in PyTorch)`;
  }
  if (!sameShape(tensor.shape, shape)) {
    const found = `${formatShape(tensor.shape)} in the file, ${formatShape(shape)} expected`;
    if (variable === undefined || !sameShape(tensor.shape, variable.shape)) {
      return `${here}: ${found}`;
    }
    const order = shape.length === 4 ? '[out, in, height, width]' : '[out, in]';
    return `${here}: ${found}; it lies in the order of Keras, and PyTorch's is ${order}`;
  }
  if (variable !== undefined) return undefined;
  const name = constant === 1 ? 'gamma' : 'beta';
  if (tensor.data.every((value) => value === constant)) return undefined;
  return `${here}: the layer has no ${name}, so all numbers would have to be ${constant}`;
}

function refuse(source: string, model: Model, reasons: readonly string[]): never {
  const shown = reasons.slice(0, MOST_REASONS).join('; ');
  const more = reasons.length - MOST_REASONS;
  throw new FormatError(
    `${source} does not fit the network '${model.name}': ${shown}${more > 0 ? `; and ${more} more` : ''}`,
  );
}

/**
 * Puts a state dictionary of PyTorch into a model. Nothing is written unless all of it fits.
 * @param tensors of the file. @param torchvision whether its keys are those of torchvision's ResNets.
 * @param described how the file says that its modules are made, if it does.
 * @throws {FormatError} that names layers and keys and says for each why it does not fit: a missing key, a
 * shape, a layout, strides, padding, epsilon. @throws {ValueError} for a model without a counterpart.
 */
export function decodeTorch(
  tensors: ReadonlyMap<string, TensorEntry>,
  model: Model,
  { source, torchvision, described }: { source: string; torchvision: boolean; described?: string },
): void {
  const style = torchvisionStyle(model);
  if (torchvision && style === undefined) {
    refuse(source, model, [
      "its keys are those of torchvision's ResNets, and the layers of this network have no names of that kind; choose one of torchvision's networks",
    ]);
  }
  if (torchvision && style !== undefined && style.problems.length > 0) {
    refuse(source, model, style.problems);
  }
  const { modules } = modulesOf(model);
  const weights = modules.flatMap(torchWeights);
  const reasons = weights.flatMap((weight) => misfit(weight, tensors.get(weight.key)) ?? []);
  const wanted = new Set(weights.map(({ key }) => key));
  for (const { module } of modules) wanted.add(`${module}.${STEPS}`);
  for (const key of tensors.keys()) {
    if (!wanted.has(key)) reasons.push(`no layer takes '${key}'`);
  }
  if (reasons.length === 0) reasons.push(...moduleDifferences(described, model, modules));
  if (reasons.length > 0) refuse(source, model, reasons);
  for (const { key, variable, axes, from } of weights) {
    const values = tensors.get(key)?.data as Float32Array | Float64Array;
    if (variable === undefined) continue;
    const view = axes.map((axis) => from[axis]);
    variable.write(permuteAxes(values, view, inverseAxes(axes)));
  }
}
