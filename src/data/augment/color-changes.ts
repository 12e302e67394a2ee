/** Changes of colour of one image in place, pixels in [0, 1], with the formulas of torchvision. */

/** Red, green and blue of ITU-R BT.601, as torchvision rounds them. */
const LUMA = [0.2989, 0.587, 0.114] as const;

const clamp = (value: number) => (value < 0 ? 0 : value > 1 ? 1 : value);

function lumaAt(data: Float32Array, place: number): number {
  return LUMA[0] * data[place] + LUMA[1] * data[place + 1] + LUMA[2] * data[place + 2];
}

/** x · factor. */
export function brighten(data: Float32Array, at: number, length: number, factor: number): void {
  for (let i = at; i < at + length; i++) data[i] = clamp(data[i] * factor);
}

/** Away from the mean brightness for factors above 1, towards it below. */
export function changeContrast(
  data: Float32Array,
  at: number,
  length: number,
  channels: number,
  factor: number,
): void {
  const colour = channels === 3;
  const step = colour ? 3 : 1;
  let sum = 0;
  for (let i = at; i < at + length; i += step) sum += colour ? lumaAt(data, i) : data[i];
  const rest = (1 - factor) * (sum / (length / step));
  for (let i = at; i < at + length; i++) data[i] = clamp(data[i] * factor + rest);
}

/** Away from grey for factors above 1, towards it below; of RGB images. */
export function saturate(data: Float32Array, at: number, length: number, factor: number): void {
  for (let i = at; i < at + length; i += 3) {
    const rest = (1 - factor) * lumaAt(data, i);
    for (let c = i; c < i + 3; c++) data[c] = clamp(data[c] * factor + rest);
  }
}

/** Turns the hue by so many turns; of RGB images. */
export function turnHue(data: Float32Array, at: number, length: number, turns: number): void {
  for (let i = at; i < at + length; i += 3) {
    const r = data[i];
    const g = data[i + 1];
    const b = data[i + 2];
    const most = Math.max(r, g, b);
    const range = most - Math.min(r, g, b);
    if (range === 0) continue;
    const saturation = range / most;
    let sixth: number;
    if (most === r) sixth = (g - b) / range;
    else if (most === g) sixth = 2 + (b - r) / range;
    else sixth = 4 + (r - g) / range;
    const hue = sixth / 6 + turns;
    const turned = 6 * (hue - Math.floor(hue));
    const sector = Math.floor(turned);
    const part = turned - sector;
    const p = clamp(most * (1 - saturation));
    const q = clamp(most * (1 - saturation * part));
    const t = clamp(most * (1 - saturation * (1 - part)));
    switch (sector % 6) {
      case 0:
        setPixel(data, i, most, t, p);
        break;
      case 1:
        setPixel(data, i, q, most, p);
        break;
      case 2:
        setPixel(data, i, p, most, t);
        break;
      case 3:
        setPixel(data, i, p, q, most);
        break;
      case 4:
        setPixel(data, i, t, p, most);
        break;
      default:
        setPixel(data, i, most, p, q);
    }
  }
}

function setPixel(data: Float32Array, place: number, r: number, g: number, b: number): void {
  data[place] = r;
  data[place + 1] = g;
  data[place + 2] = b;
}
