import { philox } from '../../../core/random.js';
import type { LocalKernel } from '../reference-kernel.js';

/** Fourth counter word of dropout's draws ("drop"), which sets them apart from all other draws. */
const DROPOUT_DOMAIN = 0x64726f70;

/** y = x / (1 − rate) where the element's draw is at least rate · 2³², else 0. */
export const dropout: LocalKernel<'dropout'> = ({
  reads: { x },
  writes: { y },
  attributes: { size, rate, stream, offset },
  parameters: { step, seed },
}) => {
  const key = Uint32Array.of(seed >>> 0, Math.floor(seed / 0x100000000) >>> 0);
  const words = new Uint32Array(4);
  for (let i = 0; i < size; i++) {
    const element = offset + i;
    if (i === 0 || element % 4 === 0) {
      const block = Math.floor(element / 4);
      philox(Uint32Array.of(block, step, stream, DROPOUT_DOMAIN), key, words);
    }
    y[i] = words[element % 4] >= rate * 0x100000000 ? x[i] / (1 - rate) : 0;
  }
};
