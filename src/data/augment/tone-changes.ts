/**
 * Changes of tones and edges of one image in place, pixels in [0, 1], with the formulas of torchvision;
 * those that it has for bytes only work on the nearest byte.
 */

const BYTE = 255;
const LEVELS = 256;

const clamp = (value: number) => (value < 0 ? 0 : value > 1 ? 1 : value);
const toByte = (value: number) => Math.round(clamp(value) * BYTE);

/** Keeps the uppermost bits of each byte. */
export function posterize(data: Float32Array, at: number, length: number, bits: number): void {
  const mask = -(2 ** (8 - bits));
  for (let i = at; i < at + length; i++) data[i] = (toByte(data[i]) & mask) / BYTE;
}

/** Inverts what is at least `threshold`. */
export function solarize(data: Float32Array, at: number, length: number, threshold: number): void {
  for (let i = at; i < at + length; i++) if (data[i] >= threshold) data[i] = 1 - data[i];
}

/** Stretches each channel to the whole range; a channel of one value stays. */
export function stretchContrast(
  data: Float32Array,
  at: number,
  length: number,
  channels: number,
): void {
  for (let c = at; c < at + channels; c++) {
    let least = Number.POSITIVE_INFINITY;
    let most = Number.NEGATIVE_INFINITY;
    for (let i = c; i < at + length; i += channels) {
      least = Math.min(least, data[i]);
      most = Math.max(most, data[i]);
    }
    if (most === least) continue;
    const factor = 1 / (most - least);
    for (let i = c; i < at + length; i += channels) data[i] = clamp((data[i] - least) * factor);
  }
}

/** Makes all bytes of a channel about equally frequent. @param levels room for 256 counts. */
export function equalize(
  data: Float32Array,
  at: number,
  length: number,
  channels: number,
  levels: Int32Array,
): void {
  for (let c = at; c < at + channels; c++) {
    levels.fill(0);
    let brightest = 0;
    for (let i = c; i < at + length; i += channels) {
      const byte = toByte(data[i]);
      levels[byte]++;
      brightest = Math.max(brightest, byte);
    }
    const step = Math.floor((length / channels - levels[brightest]) / BYTE);
    if (step === 0) continue;
    // Each count is replaced by the byte that its level becomes.
    let below = 0;
    for (let level = 0; level < LEVELS; level++) {
      const count = levels[level];
      levels[level] = Math.min(BYTE, Math.floor((below + (step >> 1)) / step));
      below += count;
    }
    for (let i = c; i < at + length; i += channels) data[i] = levels[toByte(data[i])] / BYTE;
  }
}

/**
 * Away from a smoothed image for factors above 1, towards it below; the border stays.
 * @param copy room for the image.
 */
export function sharpen(
  data: Float32Array,
  at: number,
  shape: { readonly height: number; readonly width: number; readonly channels: number },
  factor: number,
  copy: Float32Array,
): void {
  const { height, width, channels } = shape;
  const row = width * channels;
  for (let i = 0; i < copy.length; i++) copy[i] = data[at + i];
  for (let y = 1; y < height - 1; y++) {
    for (let i = y * row + channels; i < (y + 1) * row - channels; i++) {
      const around =
        copy[i - row - channels] +
        copy[i - row] +
        copy[i - row + channels] +
        copy[i - channels] +
        copy[i + channels] +
        copy[i + row - channels] +
        copy[i + row] +
        copy[i + row + channels];
      const smooth = (around + 5 * copy[i]) / 13;
      data[at + i] = clamp(copy[i] * factor + smooth * (1 - factor));
    }
  }
}
