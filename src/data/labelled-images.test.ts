import assert from 'node:assert/strict';
import { test } from 'node:test';
import { labelledImages } from './labelled-images.js';

const images = { shape: [2, 2, 2], data: Uint8Array.of(0, 255, 51, 0, 1, 2, 3, 4) };

test('images become [N, H, W, 1] in [0, 1] with one-hot targets', () => {
  const dataset = labelledImages({
    images,
    labels: { shape: [2], data: Uint8Array.of(1, 0) },
    classNames: ['a', 'b', 'c'],
  });
  assert.deepEqual(dataset.inputShapes, [[2, 2, 1]]);
  assert.deepEqual(dataset.targetShapes, [[3]]);
  assert.deepEqual(dataset.classNames, ['a', 'b', 'c']);
  const pixels = new Float32Array(4);
  const target = new Float32Array(3);
  dataset.gather(Uint32Array.of(0), [pixels], [target]);
  assert.deepEqual([pixels[0], pixels[1], ...target], [0, 1, 0, 1, 0]);
});

test('files that do not belong together are refused', () => {
  const sources = { images: 'i.gz', labels: 'l.gz' };
  const make =
    (data: Uint8Array, shape = [data.length]) =>
    () =>
      labelledImages({ images, labels: { data, shape }, classes: 10, sources });
  assert.throws(make(Uint8Array.of(1, 2, 3)), {
    name: 'DataError',
    message: /i\.gz holds 2 images, but l\.gz holds 3 labels/,
  });
  assert.throws(make(Uint8Array.of(1, 10)), {
    name: 'DataError',
    message: /l\.gz holds label 10 at index 1, but labels go from 0 to 9/,
  });
  assert.throws(make(Uint8Array.of(1, 2), [1, 2]), /were images and labels exchanged/);
  assert.throws(
    () =>
      labelledImages({
        images: { shape: [2], data: Uint8Array.of(1, 2) },
        labels: { shape: [2], data: Uint8Array.of(1, 2) },
      }),
    /were images and labels exchanged/,
  );
});
