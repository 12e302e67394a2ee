import { type Shape, sizeOf } from '../../src/core/shape.js';
import type { Value } from '../../src/ops/ir.js';
import type { KernelName } from '../../src/plan/kernels.js';
import { randomOf } from '../conformance/test-data.js';

/**
 * Step of the differences, of which all test values are multiples: a power of two, so that a value plus
 * or minus two steps is still exact in float32.
 */
export const STEP = 2 ** -14;

/** An array that a row computes with. */
export interface Operand {
  readonly shape: Shape;
  readonly values: Float32Array;
}

/** An operation to check: its operands, and how to compute one array from them. */
export interface GradientRow {
  readonly title: string;
  /** Names in `ops.ts` that the row covers. */
  readonly ops: readonly string[];
  /** Operands whose gradients are checked. */
  readonly operands: Readonly<Record<string, Operand>>;
  /** Operands that are not differentiated, such as labels. */
  readonly constants?: Readonly<Record<string, Operand>>;
  /** Operands of which the gradient must be exactly zero. */
  readonly zero?: readonly string[];
  /** Samples of the batch, where the operation counts them; default 1. */
  readonly batch?: number;
  /** Kernels that the forward part must consist of, where a pass fuses operations. */
  readonly forward?: readonly KernelName[];
  build(values: Readonly<Record<string, Value>>): Value;
}

function exact(value: number): number {
  return Math.round(value / STEP) * STEP;
}

/** Standard normal values. */
export function normal(key: string, shape: Shape): Operand {
  const random = randomOf(key);
  const values = Float32Array.from({ length: sizeOf(shape) }, () => exact(random.normal()));
  return { shape, values };
}

/** Values in [0.5, 2). */
export function positive(key: string, shape: Shape): Operand {
  const random = randomOf(key);
  const next = () => exact(0.5 + 1.5 * random.uniform());
  return { shape, values: Float32Array.from({ length: sizeOf(shape) }, next) };
}

/** Multiples of this, shifted by half of it, are so far apart that no step changes their order. */
const SPACING = 2 ** -5;

/** Values of which no two, and none and 0, are near each other. */
export function distinct(key: string, shape: Shape): Operand {
  const size = sizeOf(shape);
  const order = randomOf(key).permutation(size);
  const values = Float32Array.from(order, (place) => {
    return (place - Math.floor(size / 2) + 0.5) * SPACING;
  });
  return { shape, values };
}

/** The operand as rows that add up to about 1. */
export function probabilities(key: string, rows: number, classes: number): Operand {
  const { shape, values } = positive(key, [rows, classes]);
  return { shape, values: values.map((value) => exact(value / classes)) };
}

/** Class indices. */
export function classIndices(key: string, rows: number, classes: number): Operand {
  const random = randomOf(key);
  return {
    shape: [rows],
    values: Float32Array.from({ length: rows }, () => random.integer(classes)),
  };
}
