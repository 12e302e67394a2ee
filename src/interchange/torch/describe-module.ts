import type { CallNode } from '../../graph/symbolic-tensor.js';
import type { Layer } from '../../layers/layer.js';
import type { Model } from '../../models/model.js';
import { convolutionConfig, effectivePads } from '../effective-pads.js';
import { firstCalls } from '../first-calls.js';
import type { TorchModule } from './torch-weights.js';

/** A module of PyTorch that holds the weights of a layer, as text. */
export interface ModuleDescription {
  /** Path of the module. */
  readonly module: string;
  /** How PyTorch makes it, such as `nn.Conv2d(64, 128, 3, stride=2, padding=1, bias=False)`. */
  readonly torch: string;
  /** The layer, with the models around it. */
  readonly layer: string;
}

const LONGEST_DESCRIPTION = 300;

const python = (value: readonly number[]) =>
  value.every((one) => one === value[0]) ? `${value[0]}` : `(${value.join(', ')})`;

function convolution(node: CallNode): string {
  const { filters, kernelSize, strides, dilationRate, groups, useBias } = convolutionConfig(
    node.layer as Layer,
  );
  const { rows, columns } = effectivePads(node);
  const symmetric = rows[0] === rows[1] && columns[0] === columns[1];
  const source = node.inputs[0];
  const options = [
    `${source.sampleShape[2]}, ${filters}, ${python(kernelSize)}`,
    `stride=${python(strides)}`,
    `padding=${symmetric ? python([rows[0], columns[0]]) : 0}`,
    ...(python(dilationRate) === '1' ? [] : [`dilation=${python(dilationRate)}`]),
    ...(groups === 1 ? [] : [`groups=${groups}`]),
    ...(useBias ? [] : ['bias=False']),
  ];
  const made = `nn.Conv2d(${options.join(', ')})`;
  return symmetric ? made : `${made} after F.pad(x, (${[...columns, ...rows].join(', ')}))`;
}

function describe({ layer, order }: TorchModule, node: CallNode): string {
  const shape = node.inputs[0].sampleShape;
  const channels = shape[shape.length - 1];
  if (layer.className === 'Conv2D') return convolution(node);
  if (layer.className === 'Dense') {
    const { units, useBias } = layer.getConfig() as { units: number; useBias: boolean };
    const made = `nn.Linear(${channels}, ${units}${useBias ? '' : ', bias=False'})`;
    return order === undefined ? made : `${made} on images flattened in the order C, H, W`;
  }
  const { epsilon, momentum } = layer.getConfig() as { epsilon: number; momentum: number };
  // Keras counts what is kept of the old statistics, PyTorch what is taken of the new ones.
  const taken = Number((1 - momentum).toPrecision(12));
  return `nn.BatchNorm${shape.length === 3 ? '2d' : '1d'}(${channels}, eps=${epsilon}, momentum=${taken})`;
}

/** How PyTorch makes the modules that hold a model's weights. */
export function describeModules(
  model: Model,
  modules: readonly TorchModule[],
): ModuleDescription[] {
  const calls = firstCalls(model.network);
  return modules.map((module) => {
    const node = calls.get(module.layer) as CallNode;
    return { module: module.module, torch: describe(module, node), layer: module.path };
  });
}

/**
 * Where the modules that a file describes are made otherwise than those of a model, one sentence each.
 * @param json the file's `modules`, which may be anything; what cannot be read is not compared.
 */
export function moduleDifferences(
  json: string | undefined,
  model: Model,
  modules: readonly TorchModule[],
): string[] {
  if (json === undefined) return [];
  const described = new Map(readDescriptions(json).map(({ module, torch }) => [module, torch]));
  return describeModules(model, modules).flatMap(({ module, torch, layer }) => {
    const theirs = described.get(module);
    if (theirs === undefined || inference(theirs) === inference(torch)) return [];
    return `layer '${layer}' ↔ '${module}': ${theirs} in the file, ${torch} here`;
  });
}

/** A description without what inference does not use. */
const inference = (torch: string) => torch.replace(/, momentum=[^,)]*/, '');

/** The modules that our own writer describes; none where the text is not its. */
export function readDescriptions(json: string): ModuleDescription[] {
  let entries: unknown;
  try {
    entries = JSON.parse(json);
  } catch {
    return [];
  }
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry: unknown) => {
    const { module, torch, layer } = (entry ?? {}) as Record<string, unknown>;
    const texts = typeof module === 'string' && typeof torch === 'string';
    if (!texts || torch.length > LONGEST_DESCRIPTION) return [];
    return { module, torch, layer: String(layer) };
  });
}
