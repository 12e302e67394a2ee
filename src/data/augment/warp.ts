import { type FillOptions, sourcePlace } from './fill-mode.js';
import type { ImageShape } from './image-stage.js';

/** Where an output pixel (x, y) comes from: (xx·x + xy·y + x0, yx·x + yy·y + y0), in whole pixels. */
export interface AffineMap {
  xx: number;
  xy: number;
  x0: number;
  yx: number;
  yy: number;
  y0: number;
}

/** Moves the pixels of an image, in place, along an affine map. */
export type Warp = (data: Float32Array, at: number, map: Readonly<AffineMap>) => void;

/** The map that leaves everything where it is. */
export function identityMap(): AffineMap {
  return { xx: 1, xy: 0, x0: 0, yx: 0, yy: 1, y0: 0 };
}

/** Sets the parts of a map that move the centre of the image onto itself. */
export function keepCentre(map: AffineMap, { height, width }: ImageShape): void {
  const x = (width - 1) / 2;
  const y = (height - 1) / 2;
  map.x0 = x - map.xx * x - map.xy * y;
  map.y0 = y - map.yx * x - map.yy * y;
}

/** A warp that interpolates between the four pixels around a place. */
export function bilinearWarp(shape: ImageShape, fill: Required<FillOptions>): Warp {
  const { height, width, channels } = shape;
  const { fillMode, fillValue } = fill;
  const copy = new Float32Array(height * width * channels);
  const row = width * channels;
  return (data, at, { xx, xy, x0, yx, yy, y0 }) => {
    for (let i = 0; i < copy.length; i++) copy[i] = data[at + i];
    let out = at;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++, out += channels) {
        const sourceX = xx * x + xy * y + x0;
        const sourceY = yx * x + yy * y + y0;
        const left = Math.floor(sourceX);
        const top = Math.floor(sourceY);
        const right = sourceX - left;
        const down = sourceY - top;
        const w00 = (1 - right) * (1 - down);
        const w01 = right * (1 - down);
        const w10 = (1 - right) * down;
        const w11 = right * down;
        if (left >= 0 && top >= 0 && left + 1 < width && top + 1 < height) {
          const from = top * row + left * channels;
          for (let c = 0; c < channels; c++) {
            const i = from + c;
            data[out + c] =
              w00 * copy[i] +
              w01 * copy[i + channels] +
              w10 * copy[i + row] +
              w11 * copy[i + row + channels];
          }
          continue;
        }
        const column0 = sourcePlace(left, width, fillMode);
        const column1 = sourcePlace(left + 1, width, fillMode);
        const row0 = sourcePlace(top, height, fillMode);
        const row1 = sourcePlace(top + 1, height, fillMode);
        const i00 = row0 < 0 || column0 < 0 ? -1 : row0 * row + column0 * channels;
        const i01 = row0 < 0 || column1 < 0 ? -1 : row0 * row + column1 * channels;
        const i10 = row1 < 0 || column0 < 0 ? -1 : row1 * row + column0 * channels;
        const i11 = row1 < 0 || column1 < 0 ? -1 : row1 * row + column1 * channels;
        for (let c = 0; c < channels; c++) {
          data[out + c] =
            w00 * (i00 < 0 ? fillValue : copy[i00 + c]) +
            w01 * (i01 < 0 ? fillValue : copy[i01 + c]) +
            w10 * (i10 < 0 ? fillValue : copy[i10 + c]) +
            w11 * (i11 < 0 ? fillValue : copy[i11 + c]);
        }
      }
    }
  };
}

/** A warp that takes the nearest pixel, and black from beyond the border. */
export function nearestWarp({ height, width, channels }: ImageShape): Warp {
  const copy = new Float32Array(height * width * channels);
  return (data, at, { xx, xy, x0, yx, yy, y0 }) => {
    for (let i = 0; i < copy.length; i++) copy[i] = data[at + i];
    let out = at;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++, out += channels) {
        const column = Math.round(xx * x + xy * y + x0);
        const row = Math.round(yx * x + yy * y + y0);
        const inside = column >= 0 && row >= 0 && column < width && row < height;
        const from = (row * width + column) * channels;
        for (let c = 0; c < channels; c++) data[out + c] = inside ? copy[from + c] : 0;
      }
    }
  };
}
