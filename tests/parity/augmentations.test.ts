import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  brighten,
  changeContrast,
  saturate,
  turnHue,
} from '../../src/data/augment/color-changes.js';
import { type FillMode, sourcePlace } from '../../src/data/augment/fill-mode.js';
import { type RandAugmentChange, randAugmentChanger } from '../../src/data/augment/rand-augment.js';
import { setRotation } from '../../src/data/augment/rotate.js';
import { bilinearWarp, identityMap, keepCentre } from '../../src/data/augment/warp.js';
import { decodeSafetensors } from '../../src/node.js';

/** One change of one image; `augmentations.py` says what torchvision, Keras and NumPy make of it. */
interface Case {
  result: string;
  image: string;
  change: string;
  degrees: number;
  factor: number;
  turns: number;
  fillMode: FillMode;
  map: number[];
  down: number;
  right: number;
  operation: RandAugmentChange;
  strength: number;
  sign: 1 | -1;
}

const path = new URL('../../../tests/parity/fixtures/augmentations.safetensors', import.meta.url);
const { tensors, metadata } = decodeSafetensors(readFileSync(fileURLToPath(path)), {
  source: 'augmentations',
});
const cases = JSON.parse(metadata.cases) as Case[];

/** Float32 rounding of a formula of a few steps. */
const TOLERANCE = 2e-6;
/** Float32 coordinates, as the frameworks compute them, times the steepest edge. */
const WARP_TOLERANCE = 1e-5;
const BLACK = { fillMode: 'constant', fillValue: 0 } as const;
const BEFORE = 5;

function tensor(name: string) {
  const found = tensors.get(name);
  if (!(found?.data instanceof Float32Array)) throw new Error(`the fixture has no ${name}`);
  return { data: found.data, shape: found.shape };
}

type Shape = { height: number; width: number; channels: number };
type Change = (row: Case, data: Float32Array, at: number, shape: Shape) => void;

const changes: Record<string, Change> = {
  rotate({ degrees }, data, at, shape) {
    const map = identityMap();
    setRotation(map, shape, degrees);
    bilinearWarp(shape, BLACK)(data, at, map);
  },
  zoom({ factor }, data, at, shape) {
    const map = { ...identityMap(), xx: 1 / factor, yy: 1 / factor };
    keepCentre(map, shape);
    bilinearWarp(shape, BLACK)(data, at, map);
  },
  affine({ map: [xx, xy, x0, yx, yy, y0], fillMode }, data, at, shape) {
    bilinearWarp(shape, { fillMode, fillValue: 0.25 })(data, at, { xx, xy, x0, yx, yy, y0 });
  },
  pad({ fillMode, down, right }, data, at, { height, width, channels }) {
    const copy = data.slice(at);
    for (let i = 0; i < height * width * channels; i++) {
      const [x, y] = [Math.floor(i / channels) % width, Math.floor(i / channels / width)];
      const row = sourcePlace(y + down, height, fillMode);
      const column = sourcePlace(x + right, width, fillMode);
      const outside = row < 0 || column < 0;
      data[at + i] = outside ? 0.25 : copy[(row * width + column) * channels + (i % channels)];
    }
  },
  brightness({ factor }, data, at, shape) {
    brighten(data, at, size(shape), factor);
  },
  contrast({ factor }, data, at, shape) {
    changeContrast(data, at, size(shape), shape.channels, factor);
  },
  saturation({ factor }, data, at, shape) {
    saturate(data, at, size(shape), factor);
  },
  hue({ turns }, data, at, shape) {
    turnHue(data, at, size(shape), turns);
  },
  randAugment({ operation, strength, sign }, data, at, shape) {
    randAugmentChanger(shape)(data, at, operation, strength, sign);
  },
};

const size = ({ height, width, channels }: Shape) => height * width * channels;
const exact = new Set(['pad', 'shearX', 'shearY', 'translateX', 'translateY']);

for (const change of Object.keys(changes)) {
  test(`${change}: each image as torchvision, Keras or NumPy changes it`, () => {
    const own = cases.filter((row) => row.change === change);
    assert.ok(own.length >= 4);
    for (const row of own) {
      const { data, shape } = tensor(row.image);
      const [height, width, channels] = shape;
      // Somewhere in an array, as a sample of a batch lies.
      const values = new Float32Array(BEFORE + data.length + 1).fill(-7);
      values.set(data, BEFORE);
      changes[change](row, values, BEFORE, { height, width, channels });
      assert.equal(values[BEFORE - 1] + values[BEFORE + data.length], -14);
      const expected = tensor(row.result).data;
      const warped = ['rotate', 'zoom', 'affine'].includes(change);
      const tolerance = exact.has(row.operation ?? change)
        ? 0
        : warped
          ? WARP_TOLERANCE
          : TOLERANCE;
      expected.forEach((value, i) => {
        const error = Math.abs(value - values[BEFORE + i]);
        assert.ok(
          error <= tolerance,
          `${JSON.stringify(row)}: ${values[BEFORE + i]} at ${i}, not ${value}`,
        );
      });
    }
  });
}
