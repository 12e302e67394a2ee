import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ValueError } from '../core/errors.js';
import { calibration } from './calibration.js';
import { worstMistakes } from './classify.js';
import { confusionMatrix } from './confusion-matrix.js';

describe('confusionMatrix', () => {
  it('agrees with a case counted by hand', () => {
    const matrix = confusionMatrix({
      labels: [0, 0, 1, 1, 1, 2],
      predictions: [0, 1, 1, 1, 0, 2],
      classes: 4,
    });
    assert.deepEqual(
      matrix.counts.slice(0, 3).map((row) => row.slice(0, 3)),
      [
        [1, 1, 0],
        [1, 2, 0],
        [0, 0, 1],
      ],
    );
    assert.equal(matrix.accuracy, 4 / 6);
    assert.deepEqual(matrix.recall, [1 / 2, 2 / 3, 1, Number.NaN]);
    assert.deepEqual(matrix.precision, [1 / 2, 2 / 3, 1, Number.NaN]);
    assert.deepEqual(matrix.f1.slice(0, 3), [1 / 2, 2 / 3, 1]);
    assert.equal(matrix.confusions.length, 2);
    const wrong = [
      { labels: [0], predictions: [0, 1] },
      { labels: [0], predictions: [2] },
      { labels: [0.5], predictions: [1] },
    ];
    for (const one of wrong) {
      assert.throws(() => confusionMatrix({ ...one, classes: 2 }), ValueError);
    }
  });

  it('holds every sample once', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(4), fc.nat(4)), { minLength: 1 }), (pairs) => {
        const { counts } = confusionMatrix({
          labels: pairs.map(([a]) => a),
          predictions: pairs.map(([, b]) => b),
          classes: 5,
        });
        assert.equal(
          counts.flat().reduce((a, b) => a + b, 0),
          pairs.length,
        );
      }),
    );
  });
});

describe('calibration', () => {
  it('agrees with a case counted by hand', () => {
    const result = calibration(
      {
        labels: Uint32Array.from([0, 0, 0, 0]),
        predictions: Uint32Array.from([0, 1, 0, 0]),
        confidences: Float32Array.from([0.75, 0.75, 1, 0.5]),
      },
      4,
    );
    // (0.5, 0.75]: 2 samples, half right; (0.75, 1]: 1 right; (0.25, 0.5]: 1 right.
    assert.deepEqual(
      result.bins.map(({ count }) => count),
      [0, 1, 2, 1],
    );
    assert.equal(result.ece, (2 * 0.25 + 0 + 0.5) / 4);
    assert.equal(result.mce, 0.5);
  });
});

describe('worstMistakes', () => {
  it('gives the surest mistakes first, and mistakes only', () => {
    const result = {
      size: 4,
      classes: 2,
      probabilities: new Float32Array(8),
      labels: Uint32Array.from([0, 0, 1, 1]),
      predictions: Uint32Array.from([1, 0, 0, 0]),
      confidences: Float32Array.from([0.6, 0.99, 0.9, 0.7]),
    };
    assert.deepEqual(worstMistakes(result, 2), [2, 3]);
  });
});
