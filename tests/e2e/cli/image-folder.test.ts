import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { jsonLines, residuum, temporaryFolder } from './command.js';

const COLOURS = { blue: [20, 40, 220], red: [220, 30, 20] } as const;

/** Two classes that colour tells apart. */
async function pictures(folder: string, each: number): Promise<void> {
  for (const [name, [r, g, b]] of Object.entries(COLOURS)) {
    mkdirSync(join(folder, name), { recursive: true });
    for (let i = 0; i < each; i++) {
      const background = { r: r - i, g: g + i, b: b - i };
      await sharp({ create: { width: 12, height: 10, channels: 3, background } }).toFile(
        join(folder, name, `${i}.png`),
      );
    }
  }
}

test('a folder of images: train, go on, evaluate, predict, from elsewhere too', async (context) => {
  const folder = temporaryFolder(context);
  await pictures(join(folder, 'photos'), 20);
  const engine = ['--replicas', '1', '--gemm', 'wasm'];
  const args = ['train', '--dataset', 'photos', '--image-size', '8', '--model', 'small-resnet'];
  const unknown = await residuum([...args, '--augment', 'flip,padcrop'], folder);
  assert.match(unknown.stderr, /unknown augmentation 'padcrop'; did you mean 'padCrop'/);
  args.push('--augment', 'flip,padCrop');
  const trained = await residuum(
    [...args, ...engine, '--epochs', '1', '--no-report', '--json'],
    folder,
  );
  assert.equal(trained.code, 0, trained.stderr);
  const [start] = jsonLines(trained.stdout);
  const { augment } = start.settings as { augment: { name: string }[] };
  assert.deepEqual(
    augment.map(({ name }) => name),
    ['flip', 'padCrop'],
  );
  assert.equal(start.run, join('runs', 'small-resnet-photos-1'));
  const data = start.data as Record<string, unknown>;
  assert.deepEqual(data.imageShape, [8, 8, 3]);
  assert.deepEqual(data.classNames, ['blue', 'red']);
  assert.deepEqual([data.train, data.validation, data.test], [32, 4, 4]);

  // From another folder: the run knows where its images are.
  mkdirSync(join(folder, 'elsewhere'));
  const elsewhere = join(folder, 'elsewhere');
  const run = join('..', 'runs', 'small-resnet-photos-1');
  const resumed = await residuum(
    ['train', '--resume', run, '--epochs', '8', '--learning-rate', '0.01', '--no-report', '--json'],
    elsewhere,
  );
  assert.equal(resumed.code, 0, resumed.stderr);
  const end = jsonLines(resumed.stdout).at(-1);
  assert.equal(end?.status, 'done');

  const evaluated = await residuum(['evaluate', run, '--json'], elsewhere);
  assert.equal(evaluated.code, 0, evaluated.stderr);
  // The engine differs, so that the last bits may.
  const [{ loss }] = jsonLines(evaluated.stdout);
  assert.ok(Math.abs(Number(loss) - Number(end?.testLoss)) < 1e-6, `${loss}, not ${end?.testLoss}`);

  const predicted = await residuum(
    ['predict', run, join(folder, 'photos', 'red', '3.png'), '--top', '1', '--json'],
    elsewhere,
  );
  assert.equal(predicted.code, 0, predicted.stderr);
  const [{ predictions }] = jsonLines(predicted.stdout);
  assert.equal((predictions as { class: string }[])[0].class, 'red');

  // The images have moved.
  renameSync(join(folder, 'photos'), join(folder, 'moved'));
  const moved = ['--data', join(folder, 'moved')];
  const lost = await residuum(['report', run], elsewhere);
  assert.match(lost.stderr, /photos: there is no such folder/);
  const longer = await residuum(
    ['train', '--resume', run, '--epochs', '9', ...moved, '--no-report', '--json'],
    elsewhere,
  );
  assert.equal(longer.code, 0, longer.stderr);
  const report = await residuum(['report', run, ...moved, '--json'], elsewhere);
  assert.equal(report.code, 0, report.stderr);

  await pictures(join(folder, 'others'), 3);
  rmSync(join(folder, 'others', 'red'), { recursive: true });
  mkdirSync(join(folder, 'others', 'green'));
  const refused = await residuum(['evaluate', run, '--dataset', '../others'], elsewhere);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /green holds no PNG or JPEG file/);
});
