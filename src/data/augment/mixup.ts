import { sizeOf } from '../../core/shape.js';
import type { Augmentation } from './augmentation.js';
import { blend, MixStage } from './mix-stage.js';
import { numberOption } from './option-checks.js';

/** Options of {@link mixup}. */
export interface MixupOptions {
  /** Parameter of the beta distribution of the shares: the larger, the more is mixed. Default 0.2. */
  readonly alpha?: number;
  /** How often a sample is mixed; default 1. */
  readonly probability?: number;
}

/**
 * Blends each sample with another one, inputs and one-hot targets alike: x ← λx + (1 − λ)x′ with
 * λ ~ Beta(α, α), drawn for each sample by itself. Source: Zhang et al., "mixup: beyond empirical risk
 * minimization" (ICLR 2018).
 * @throws {ValueError} for options out of range.
 */
export function mixup(options: MixupOptions = {}): Augmentation {
  const alpha = numberOption('mixup', 'alpha', options.alpha ?? 0.2, 1e-3, 1e3);
  const probability = numberOption('mixup', 'probability', options.probability ?? 1, 0, 1);
  return {
    name: 'mixup',
    config: { alpha, probability },
    mixes: true,
    over(dataset, stream) {
      const widths = [...dataset.inputShapes, ...dataset.targetShapes].map(sizeOf);
      return new MixStage(
        'mixup',
        dataset,
        ({ arrays, partners, sample }, random) => {
          if (random.uniform() >= probability) return;
          const share = random.beta(alpha, alpha);
          for (let i = 0; i < arrays.length; i++) {
            blend(arrays[i], partners[i], sample * widths[i], widths[i], share);
          }
        },
        stream,
      );
    },
  };
}
