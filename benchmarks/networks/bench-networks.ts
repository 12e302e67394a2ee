import { type Model, resnet50, sgd } from 'residuum';
import { cifarResnet } from './cifar-resnet.js';
import { imagenetResnet50 } from './imagenet-resnet50.js';

/** Networks of the bench by the name that contenders take; benchmarks/peers has the same in Python. */
export const benchNetworks = {
  article: () => resnet50({ inputShape: [28, 28, 1], classes: 10 }),
  cifar20: () => cifarResnet(20),
  cifar56: () => cifarResnet(56),
  imagenet: imagenetResnet50,
} as const;

/** Name of a network. */
export type NetworkName = keyof typeof benchNetworks;

/** Optimizers of the bench: Adam, and the paper's SGD with momentum. */
export const benchOptimizers = {
  adam: () => 'adam' as const,
  sgd: () => sgd({ learningRate: 0.1, momentum: 0.9 }),
} as const;

/** Name of an optimizer. */
export type OptimizerName = keyof typeof benchOptimizers;

/** The value of a table under a name. @throws Error when there is none. */
export function rowOf<T extends object>(table: T, name: string): T[keyof T] {
  if (Object.hasOwn(table, name)) return table[name as keyof T];
  throw new Error(`'${name}' is none of ${Object.keys(table).join(', ')}`);
}

/** Forward and backward multiply-adds of the article's network count: three products of 2 FLOPs a MAC. */
export const ARTICLE_FLOPS_PER_IMAGE = 3 * 2 * 175_419_648;

/** One step's model, its images and labels as `fit` takes them, always the same. */
export function fixedBatch(model: Model, batch: number): { x: Float32Array; y: Float32Array } {
  const size = model.inputShapes[0].reduce((product, extent) => product * extent, 1);
  const classes = model.outputShapes[0].at(-1) ?? 1;
  const x = new Float32Array(batch * size);
  let state = 1;
  for (let i = 0; i < x.length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    x[i] = state / 2 ** 32;
  }
  const y = new Float32Array(batch * classes);
  for (let i = 0; i < batch; i++) y[i * classes + (i % classes)] = 1;
  return { x, y };
}
