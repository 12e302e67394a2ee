import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampledBefore, samplePlace, sampleSize } from './watched-weight.js';

test('a sample has every element of small weights, and of large ones one in every run of equally many', () => {
  for (const count of [0, 1, 512, 513, 768, 4097, 27_600, 2_359_296]) {
    const size = sampleSize(count);
    assert.equal(size, Math.min(count, 512));
    const places = Array.from({ length: size }, (_, k) => samplePlace(k, count));
    places.forEach((place, k) => {
      const first = Math.floor((k * count) / Math.max(size, 1));
      assert.ok(place >= first && place < ((k + 1) * count) / size, `${count}: element ${k}`);
      // Whoever cuts the weight here gives the element to one of the two sides.
      for (const cut of [place, place + 1]) {
        const before = places.filter((other) => other < cut).length;
        assert.equal(sampledBefore(cut, count), before, `${count}: cut at ${cut}`);
      }
    });
    assert.equal(sampledBefore(0, count), 0);
    assert.equal(sampledBefore(count, count), size);
  }
});

test('elements of a sample come from everywhere along an axis', () => {
  // [3, 3, 512, 512]: a fixed step of 4608 would meet the last axis at one place only.
  const channels = new Set(
    Array.from({ length: 512 }, (_, k) => samplePlace(k, 3 * 3 * 512 * 512) % 512),
  );
  assert.ok(channels.size > 128, `${channels.size} of 512`);
});
