import { Layer, type LayerConfig } from './layer.js';

/** Base of the layers that make one tensor of a list of two or more. */
export abstract class MergeLayer extends Layer {
  protected override get inputArity(): readonly [number, number] {
    return [2, Number.POSITIVE_INFINITY];
  }

  getConfig(): LayerConfig {
    return {};
  }
}
