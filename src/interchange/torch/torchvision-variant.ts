import { torchvisionNetwork, torchvisionVariants } from '../../applications/torchvision.js';
import type { TensorEntry } from '../../formats/safetensors.js';
import type { Layer } from '../../layers/layer.js';
import type { Model } from '../../models/model.js';

/** What a state dictionary of torchvision's ResNets tells about its network. */
export interface TorchvisionVariant {
  /** Name in torchvision, or `resnet` where it is none of the named ones. */
  readonly name: string;
  readonly classes: number;
  /** Channels of the images. */
  readonly channels: number;
  /** Makes the network for images of this height and width, ending in a softmax. */
  build(size: readonly [number, number]): Model;
}

const STAGES = [1, 2, 3, 4] as const;

/** The ResNet of torchvision that these tensors belong to by their names and shapes, if any. */
export function torchvisionVariant(
  tensors: ReadonlyMap<string, TensorEntry>,
): TorchvisionVariant | undefined {
  const shapeOf = (key: string) => tensors.get(key)?.shape;
  const stem = shapeOf('conv1.weight');
  const top = shapeOf('fc.weight');
  const inner = shapeOf('layer1.0.conv1.weight');
  const middle = shapeOf('layer1.0.conv2.weight');
  if (stem?.length !== 4 || top?.length !== 2 || inner?.length !== 4 || middle?.length !== 4) {
    return undefined;
  }
  const counts = STAGES.map((stage) => {
    let count = 0;
    while (tensors.has(`layer${stage}.${count}.conv1.weight`)) count++;
    return count;
  });
  if (counts.includes(0) || stem[2] !== 7 || middle[1] < 1) return undefined;
  const block = tensors.has('layer1.0.conv3.weight') ? 'bottleneck' : 'basic';
  const groups = block === 'basic' ? 1 : Math.floor(middle[0] / middle[1]);
  const groupWidth = block === 'basic' ? stem[0] : middle[1];
  const row = { block, blocks: counts, groups, groupWidth } as const;
  const known = torchvisionVariants.find(
    (variant) => JSON.stringify(variant.row) === JSON.stringify(row),
  );
  const name = stem[0] === 64 ? (known?.name ?? 'resnet') : 'resnet';
  const [classes, channels] = [top[0], stem[1]];
  return {
    name,
    classes,
    channels,
    build: ([height, width]) =>
      torchvisionNetwork(
        { ...row, width: stem[0] },
        { name, classes, inputShape: [height, width, channels] },
      ),
  };
}

/** Name in torchvision of a network that was made here, by the number and kind of its blocks, if any. */
export function torchvisionVariantOf(model: Model): string | undefined {
  const shapes = (layers: readonly Layer[]) =>
    layers.flatMap((layer) => {
      if (layer.weights.length === 0 || layer.name === 'predictions') return [];
      const weights = layer.weights.map(({ shape }) => shape.join('×'));
      // The number of channels of the images is free.
      return `${layer.name} ${layer.name === 'conv1_conv' ? '' : weights.join(' ')}`;
    });
  const wanted = shapes(model.layers).join();
  const found = torchvisionVariants.find(({ name, row }) => {
    const count = row.blocks.reduce((sum, blocks) => sum + blocks, 0);
    const blocks = model.layers.filter((layer) => /_block\d+_add$/.test(layer.name)).length;
    return blocks === count && shapes(torchvisionNetwork(row, { name }).layers).join() === wanted;
  });
  const [shape] = model.outputShapes;
  return shape.length === 1 && model.inputShapes[0].length === 3 ? found?.name : undefined;
}
