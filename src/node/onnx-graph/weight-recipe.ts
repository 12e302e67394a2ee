import type { Shape } from '../../core/shape.js';

/** An array of the state arena; the offset counts elements. */
export interface StateArray {
  offset: number;
  shape: Shape;
}

/** A batch normalisation with moving statistics: y = x · scale + shift for each channel. */
export interface Normalization {
  movingMean: StateArray;
  movingVariance: StateArray;
  epsilon: number;
  /** A bias that belongs in front of the normalisation. */
  bias?: StateArray;
  gamma?: StateArray;
  beta?: StateArray;
}

/** What follows a product with weights, channel by channel: a bias, then a normalisation. */
export interface Epilogue {
  bias?: StateArray;
  normalization?: Normalization;
}

/**
 * How a float32 constant of a graph comes from the state. `kernel`: the `[rows, columns]` matrix of
 * weights from element `first` on, scaled column by column. `filters`: a convolution's kernel
 * `[h, w, C, O]` as `[O, C, h, w]`, scaled for each O. `bias`: what is added to each channel. `scale`:
 * what each channel is multiplied by. `number`: one number.
 */
export type WeightRecipe =
  | {
      kind: 'kernel';
      weights: StateArray;
      first: number;
      rows: number;
      columns: number;
      epilogue: Epilogue;
    }
  | { kind: 'filters'; weights: StateArray; epilogue: Epilogue }
  | { kind: 'bias'; channels: number; epilogue: Epilogue }
  | { kind: 'scale'; channels: number; epilogue: Epilogue }
  | { kind: 'number'; value: number };

/** Reads an array of the state. */
export type ReadState = (array: StateArray) => Float32Array;

/** Shape of the constant that a recipe makes. */
export function recipeShape(recipe: WeightRecipe): Shape {
  if (recipe.kind === 'kernel') return [recipe.rows, recipe.columns];
  if (recipe.kind === 'number') return [];
  if (recipe.kind !== 'filters') return [recipe.channels];
  const [height, width, channels, filters] = recipe.weights.shape;
  return [filters, channels, height, width];
}

/** The values of the constant; channel factors are computed in float64 and rounded once. */
export function makeConstant(recipe: WeightRecipe, read: ReadState): Float32Array {
  switch (recipe.kind) {
    case 'number':
      return Float32Array.of(recipe.value);
    case 'scale':
      return Float32Array.from(channelScales(recipe.epilogue, recipe.channels, read));
    case 'bias':
      return Float32Array.from(channelShifts(recipe.epilogue, recipe.channels, read));
    case 'kernel': {
      const { weights, first, rows, columns, epilogue } = recipe;
      const source = read(weights).subarray(first, first + rows * columns);
      if (epilogue.normalization === undefined) return source.slice();
      return scaleColumns(source, channelScales(epilogue, columns, read));
    }
    case 'filters': {
      const { weights, epilogue } = recipe;
      const [height, width, channels, filters] = weights.shape;
      const scales = channelScales(epilogue, filters, read);
      return toFiltersFirst(read(weights), height * width, channels, scales);
    }
  }
}

function channelScales({ normalization }: Epilogue, channels: number, read: ReadState) {
  const scales = new Float64Array(channels).fill(1);
  if (normalization === undefined) return scales;
  const variance = read(normalization.movingVariance);
  const gamma = normalization.gamma && read(normalization.gamma);
  return scales.map((_, c) => (gamma?.[c] ?? 1) / Math.sqrt(variance[c] + normalization.epsilon));
}

function channelShifts(epilogue: Epilogue, channels: number, read: ReadState): Float64Array {
  const { normalization } = epilogue;
  const shifts = new Float64Array(channels);
  if (epilogue.bias !== undefined) shifts.set(read(epilogue.bias));
  if (normalization === undefined) return shifts;
  const scales = channelScales(epilogue, channels, read);
  const mean = read(normalization.movingMean);
  const bias = normalization.bias && read(normalization.bias);
  const beta = normalization.beta && read(normalization.beta);
  return shifts.map(
    (shift, c) => (shift + (bias?.[c] ?? 0) - mean[c]) * scales[c] + (beta?.[c] ?? 0),
  );
}

function scaleColumns(source: Float32Array, scales: Float64Array): Float32Array {
  const result = new Float32Array(source.length);
  const columns = scales.length;
  for (let row = 0; row < source.length; row += columns) {
    for (let c = 0; c < columns; c++) result[row + c] = source[row + c] * scales[c];
  }
  return result;
}

/** `[taps, C, O]` as `[O, C, taps]`, scaled for each O. */
function toFiltersFirst(
  source: Float32Array,
  taps: number,
  channels: number,
  scales: Float64Array,
): Float32Array {
  const filters = scales.length;
  const result = new Float32Array(source.length);
  for (let tap = 0; tap < taps; tap++) {
    for (let c = 0; c < channels; c++) {
      const from = (tap * channels + c) * filters;
      for (let o = 0; o < filters; o++) {
        result[(o * channels + c) * taps + tap] = source[from + o] * scales[o];
      }
    }
  }
  return result;
}
