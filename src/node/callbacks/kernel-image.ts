import { imagePng } from '../../figures/pixel-image.js';
import type { EncodedImage } from '../../formats/tensorboard/encode-event.js';

const GAP = 1;
/** Pixels that a value of a kernel is drawn with on each side. */
const ZOOM = 4;

/**
 * The kernels of a convolution on grey or coloured images, side by side; undefined for other weights.
 * @param shape `[height, width, channels, filters]`.
 */
export function kernelImage(
  values: Float32Array,
  shape: readonly number[],
): EncodedImage | undefined {
  const [kernelHeight, kernelWidth, channels, filters] = shape;
  if (shape.length !== 4 || (channels !== 1 && channels !== 3) || kernelHeight < 2) {
    return undefined;
  }
  const columns = Math.ceil(Math.sqrt(filters));
  const rows = Math.ceil(filters / columns);
  const [cellHeight, cellWidth] = [kernelHeight + GAP, kernelWidth + GAP];
  const [height, width] = [ZOOM * rows * cellHeight, ZOOM * columns * cellWidth];
  const lowest = values.reduce((low, value) => Math.min(low, value), Number.POSITIVE_INFINITY);
  const data = new Float32Array(height * width * channels).fill(lowest);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [row, column] = [Math.floor(y / ZOOM), Math.floor(x / ZOOM)];
      const [i, j] = [row % cellHeight, column % cellWidth];
      const filter = Math.floor(row / cellHeight) * columns + Math.floor(column / cellWidth);
      if (i >= kernelHeight || j >= kernelWidth || filter >= filters) continue;
      for (let c = 0; c < channels; c++) {
        const from = ((i * kernelWidth + j) * channels + c) * filters + filter;
        data[(y * width + x) * channels + c] = values[from];
      }
    }
  }
  return { height, width, channels: 3, png: imagePng({ data, width, height, channels }) };
}
