/**
 * What augmentation and decoding cost beside training: `node dist/benchmarks/data-pipeline.js`. First the
 * time that each change takes for an image, then images/s of training with and without, by turns.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ArrayDataset,
  type Augmentation,
  augment,
  augmentationNames,
  colorJitter,
  type Dataset,
  flip,
  loadImageFolder,
  mixup,
  padCrop,
  randAugment,
  randomErasing,
  resolveAugmentation,
  smallResnet,
  take,
} from 'residuum';
import sharp from 'sharp';

const BATCH = 64;
const IMAGES = 1024;
const CLASSES = 10;
const TURNS = 3;

function made(shape: readonly [number, number, number]): Dataset {
  const size = shape[0] * shape[1] * shape[2];
  return new ArrayDataset({
    inputs: {
      data: Uint8Array.from({ length: IMAGES * size }, (_, i) => (i * 31 + (i >> 7) * 17) % 256),
      shape: [IMAGES, ...shape],
      scale: 1 / 255,
    },
    targets: {
      data: Uint8Array.from({ length: IMAGES }, (_, i) => i % CLASSES),
      shape: [IMAGES],
      oneHot: CLASSES,
    },
  });
}

/** Microseconds for an image, the best of some passes. */
function gatherTime(dataset: Dataset, shape: readonly [number, number, number]): number {
  const inputs = [new Float32Array(BATCH * shape[0] * shape[1] * shape[2])];
  const targets = [new Float32Array(BATCH * CLASSES)];
  const indices = Uint32Array.from({ length: BATCH }, (_, i) => i);
  let best = Number.POSITIVE_INFINITY;
  for (let pass = 0; pass < 40; pass++) {
    const started = performance.now();
    void dataset.gather(indices, inputs, targets, { seed: 0, epoch: pass });
    best = Math.min(best, performance.now() - started);
  }
  return (1000 * best) / BATCH;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

const optionsOf: Readonly<Record<string, Record<string, unknown>>> = {
  colorJitter: { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 },
  randomErasing: { probability: 1 },
  normalize: { mean: 0.5, std: 0.25 },
};
for (const shape of [
  [28, 28, 1],
  [32, 32, 3],
] as const) {
  const data = made(shape);
  const plain = gatherTime(data, shape);
  print(`${shape.join('×')}: gathering alone ${plain.toFixed(1)} µs an image; on top of it`);
  for (const name of augmentationNames) {
    if (name === 'colorJitter' && shape[2] === 1) continue;
    const changed = augment(data, [resolveAugmentation(name, optionsOf[name] ?? {})]);
    print(`  ${name.padEnd(14)} ${(gatherTime(changed, shape) - plain).toFixed(1)} µs`);
  }
}

/** Images/s of one epoch. */
async function rate(dataset: Dataset, model: ReturnType<typeof smallResnet>): Promise<number> {
  const { history } = await model.fit(dataset, { batchSize: BATCH, verbose: false });
  return dataset.size / history.seconds[0];
}

const shape = [32, 32, 3] as const;
const folder = await mkdtemp(join(tmpdir(), 'residuum-bench-'));
try {
  const memory = made(shape);
  for (let i = 0; i < IMAGES; i++) {
    const label = `class-${i % CLASSES}`;
    await mkdir(join(folder, 'train', label), { recursive: true });
    const pixels = Uint8Array.from({ length: 224 * 224 * 3 }, (_, k) => ((k >> 4) * i) % 256);
    const image = sharp(pixels, { raw: { width: 224, height: 224, channels: 3 } });
    await image.jpeg().toFile(join(folder, 'train', label, `${i}.jpg`));
  }
  const files = { imageSize: [32, 32] as const, validationShare: 0.01 };
  const cached = (await loadImageFolder(folder, files)).train;
  const decoded = (await loadImageFolder(folder, { ...files, cacheBytes: 0 })).train;
  const standard: Augmentation[] = [flip(), padCrop(), randomErasing()];
  const heavy: Augmentation[] = [
    flip(),
    padCrop(),
    randAugment(),
    colorJitter({ brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 }),
    randomErasing(),
    mixup(),
  ];
  const rows: [string, Dataset][] = [
    ['in memory', memory],
    ['flip, padCrop, randomErasing', augment(memory, standard)],
    ['these, randAugment, colour, mixup', augment(memory, heavy)],
    ['JPEG files of 224×224, decoded in every epoch', decoded],
    ['the same, kept after the first epoch', cached],
  ];
  const model = smallResnet({ inputShape: shape, classes: CLASSES });
  model.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy' });
  await rate(take(memory, 4 * BATCH), model);
  const rates = rows.map((): number[] => []);
  for (let turn = 0; turn < TURNS; turn++) {
    for (const [i, [, dataset]] of rows.entries()) rates[i].push(await rate(dataset, model));
  }
  print(`small-resnet on 32×32×3, batch ${BATCH}, images/s of ${TURNS} epochs by turns`);
  rows.forEach(([name], i) => {
    print(`  ${name.padEnd(48)} ${rates[i].map((value) => value.toFixed(0)).join(' ')}`);
  });
  await model.dispose();
} finally {
  await rm(folder, { recursive: true });
}
