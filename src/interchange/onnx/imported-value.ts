import type { OnnxTensor } from '../../formats/onnx/onnx-model.js';
import type { SymbolicTensor } from '../../graph/symbolic-tensor.js';

/**
 * How the axes of a tensor in the file relate to those of ours: the same; an image that the file has as
 * [N, C, H, W] and we as [N, H, W, C]; or all axes but the last folded into one in the file only.
 */
export type FileOrder = 'ours' | 'nchw' | 'rows';

/** A tensor that a layer of ours computes. */
export interface ImportedTensor {
  readonly kind: 'tensor';
  readonly tensor: SymbolicTensor;
  readonly order: FileOrder;
  /** Whether no element can be below zero. */
  readonly nonNegative: boolean;
  /** An image [C, H, W] that the file flattened in that order, and we as [H, W, C]. */
  readonly flattened?: readonly [channels: number, height: number, width: number];
}

/** What a name in an ONNX graph stands for while it is being read. */
export type ImportedValue =
  | ImportedTensor
  | { readonly kind: 'constant'; readonly array: OnnxTensor }
  /** A list of sizes; null is the batch. */
  | { readonly kind: 'shape'; readonly sizes: readonly (number | null)[] };
