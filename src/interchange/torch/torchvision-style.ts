import type { CallNode } from '../../graph/symbolic-tensor.js';
import type { Layer } from '../../layers/layer.js';
import type { Model } from '../../models/model.js';
import { convolutionConfig, effectivePads } from '../effective-pads.js';

/** A model whose layers are named as those of the ready-made residual networks. */
export interface TorchvisionStyle {
  /** Module of torchvision, such as `layer1.0.conv1`, by layer. */
  readonly modules: ReadonlyMap<Layer, string>;
  /** What torchvision does otherwise, one sentence for each layer; empty where all is the same. */
  readonly problems: readonly string[];
}

const EPSILON = 1e-5;
const BLOCK = /^conv([2-9])_block(\d+)_(\d)_(conv|bn)$/;

interface Place {
  readonly module: string;
  /** Stage and block from 1, part 0 for the shortcut; all 0 for the stem. */
  readonly stage: number;
  readonly block: number;
  readonly part: number;
}

function placeOf(name: string): Place | undefined {
  const stem = /^conv1_(conv|bn)$/.exec(name);
  if (stem !== null) return { module: `${stem[1]}1`, stage: 0, block: 0, part: 0 };
  if (name === 'predictions') return { module: 'fc', stage: 0, block: 0, part: 0 };
  const match = BLOCK.exec(name);
  if (match === null) return undefined;
  const [stage, block, part] = [Number(match[1]) - 1, Number(match[2]), Number(match[3])];
  const module = part === 0 ? `downsample.${match[4] === 'conv' ? 0 : 1}` : `${match[4]}${part}`;
  return { module: `layer${stage}.${block - 1}.${module}`, stage, block, part };
}

function problemOf(layer: Layer, place: Place, node: CallNode, bottleneck: boolean): string[] {
  const here = `layer '${layer.name}' ↔ '${place.module}'`;
  if (layer.className === 'BatchNormalization') {
    const { epsilon } = layer.getConfig() as { epsilon: number };
    return epsilon === EPSILON
      ? []
      : [`${here}: epsilon ${epsilon} here, ${EPSILON} in torchvision`];
  }
  if (layer.className !== 'Conv2D') return [];
  const { kernelSize, strides, dilationRate, useBias, activation } = convolutionConfig(layer);
  const { rows, columns } = effectivePads(node);
  const striding = place.part === 0 || place.part === (bottleneck ? 2 : 1);
  const large = kernelSize[0] === 7;
  const stride = place.stage === 0 ? (large ? 2 : 1) : 1;
  const wanted = place.stage > 1 && place.block === 1 && striding ? 2 : stride;
  const pad = (kernelSize[0] - 1) / 2;
  const problems: string[] = [];
  const differs = (what: string, found: readonly number[], expected: number) => {
    if (found.every((value) => value === expected)) return;
    problems.push(`${here}: ${what} ${found.join(', ')} here, ${expected} in torchvision`);
  };
  differs('strides', strides, wanted);
  differs('padding (top, bottom, left, right)', [...rows, ...columns], pad);
  differs('dilation', dilationRate, 1);
  if (useBias) problems.push(`${here}: a bias here, none in torchvision`);
  if (activation !== 'linear') {
    problems.push(`${here}: activation '${activation}' here, none in torchvision`);
  }
  return problems;
}

/** Whether every block ends in an addition, and nothing stands before its first convolution. */
function isResidual(names: ReadonlySet<string>, places: readonly Place[]): boolean {
  return places.every(
    ({ stage, block }) => stage === 0 || names.has(`conv${stage + 1}_block${block}_add`),
  );
}

/**
 * How the weighted layers of a residual network are called in torchvision, or undefined where the model is
 * no network of that kind (plain and pre-activation networks are none).
 */
export function torchvisionStyle(model: Model): TorchvisionStyle | undefined {
  const modules = new Map<Layer, string>();
  const places = new Map<Layer, Place>();
  for (const layer of model.layers) {
    if (layer.weights.length === 0) continue;
    const place = placeOf(layer.name);
    if (place === undefined) return undefined;
    modules.set(layer, place.module);
    places.set(layer, place);
  }
  const all = [...places.values()];
  const names = new Set(model.layers.map(({ name }) => name));
  if (!all.some(({ stage }) => stage > 0) || !isResidual(names, all)) return undefined;
  const bottlenecks = new Set(
    all.filter(({ part }) => part === 3).map(({ stage, block }) => `${stage}.${block}`),
  );
  const problems = model.network.nodes.flatMap((node) => {
    const layer = node.layer as Layer;
    const place = places.get(layer);
    if (place === undefined) return [];
    return problemOf(layer, place, node, bottlenecks.has(`${place.stage}.${place.block}`));
  });
  return { modules, problems };
}
