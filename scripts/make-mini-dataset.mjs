// Makes datasets/fashion-mnist-mini from the full Fashion-MNIST:
//
//     node scripts/make-mini-dataset.mjs DIR [OUT]
//
// DIR holds the four IDX.gz files of the full set. Taken are the first 1,000 training images and the
// first 200 test images of each class, in the order of the original files: no random choice, so
// anyone can check the result.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';

const CLASSES = 10;
const IMAGE_HEADER = 16;
const LABEL_HEADER = 8;
const PER_CLASS = { train: 1000, t10k: 200 };

const [source, out = fileURLToPath(new URL('../datasets/fashion-mnist-mini', import.meta.url))] =
  process.argv.slice(2);
if (source === undefined) {
  console.error('usage: node scripts/make-mini-dataset.mjs DIR [OUT]');
  process.exit(2);
}

for (const [part, perClass] of Object.entries(PER_CLASS)) {
  const imagesName = `${part}-images-idx3-ubyte.gz`;
  const labelsName = `${part}-labels-idx1-ubyte.gz`;
  const images = gunzipSync(readFileSync(join(source, imagesName)));
  const labels = gunzipSync(readFileSync(join(source, labelsName)));
  const pixels = images.readUInt32BE(8) * images.readUInt32BE(12);

  const taken = new Array(CLASSES).fill(0);
  const chosen = [];
  for (let i = 0; i < labels.length - LABEL_HEADER; i++) {
    const label = labels[LABEL_HEADER + i];
    if (taken[label] < perClass) {
      taken[label]++;
      chosen.push(i);
    }
  }
  if (chosen.length !== CLASSES * perClass) {
    throw new Error(`${labelsName} holds fewer than ${perClass} samples of some class`);
  }

  const imageHeader = Buffer.from(images.subarray(0, IMAGE_HEADER));
  imageHeader.writeUInt32BE(chosen.length, 4);
  const labelHeader = Buffer.from(labels.subarray(0, LABEL_HEADER));
  labelHeader.writeUInt32BE(chosen.length, 4);
  const image = (i) => images.subarray(IMAGE_HEADER + i * pixels, IMAGE_HEADER + (i + 1) * pixels);
  write(imagesName, [imageHeader, ...chosen.map(image)]);
  write(labelsName, [labelHeader, Buffer.from(chosen.map((i) => labels[LABEL_HEADER + i]))]);
}

function write(name, parts) {
  const compressed = gzipSync(Buffer.concat(parts), { level: 9 });
  // The header's time is 0 already; its system byte would name the machine that ran this.
  compressed[9] = 255;
  writeFileSync(join(out, name), compressed);
  console.log(`${name}: ${compressed.length} bytes`);
}
