import type { LambAttributes } from '../../../plan/kernels.js';
import { trustRatio } from '../../../plan/trust-ratio.js';
import { placeGroups } from '../../../plan/update-groups.js';
import type { RunParameters } from '../../executor.js';
import type { LocalKernel } from '../reference-kernel.js';

/** Adam (Kingma and Ba, 2015) in Keras's form, with AdamW's decay (Loshchilov and Hutter, 2019). */
export const adam: LocalKernel<'adam'> = ({
  reads: { w, g, m, v },
  writes: { newW, newM, newV },
  attributes,
  parameters: { learningRate, step },
}) => {
  const { start, beta1, beta2, epsilon } = attributes;
  for (const { from, count, rateScale, decay } of placeGroups(attributes)) {
    const plainRate = learningRate * rateScale;
    const rate = (plainRate * Math.sqrt(1 - beta2 ** step)) / (1 - beta1 ** step);
    for (let i = from; i < from + count; i++) {
      const gradient = g[start + i];
      const mean = m[i] + (gradient - m[i]) * (1 - beta1);
      const square = v[i] + (gradient * gradient - v[i]) * (1 - beta2);
      newM[i] = mean;
      newV[i] = square;
      const decayed = w[start + i] - plainRate * decay * w[start + i];
      newW[start + i] = decayed - (rate * mean) / (Math.sqrt(square) + epsilon);
    }
  }
};

/** Gradient descent, with Keras's momentum and Nesterov forms. */
export const sgd: LocalKernel<'sgd'> = ({
  reads: { w, g, m },
  writes: { newW, newM },
  attributes,
  parameters: { learningRate },
}) => {
  const { start, momentum, nesterov } = attributes;
  for (const { from, count, rateScale, decay } of placeGroups(attributes)) {
    const rate = learningRate * rateScale;
    for (let i = from; i < from + count; i++) {
      const descent = -rate * g[start + i];
      let update = descent;
      if (m !== undefined && newM !== undefined) {
        const velocity = momentum * m[i] + descent;
        newM[i] = velocity;
        update = nesterov ? momentum * velocity + descent : velocity;
      }
      newW[start + i] = w[start + i] - rate * decay * w[start + i] + update;
    }
  }
};

/** RMSprop (Tieleman and Hinton, 2012), plain or centered (Graves, 2013), in Keras's form. */
export const rmsprop: LocalKernel<'rmsprop'> = ({
  reads: { w, g, v, m, a },
  writes: { newW, newV, newM, newA },
  attributes,
  parameters: { learningRate },
}) => {
  const { start, rho, momentum, epsilon } = attributes;
  for (const { from, count, rateScale, decay } of placeGroups(attributes)) {
    const rate = learningRate * rateScale;
    for (let i = from; i < from + count; i++) {
      const gradient = g[start + i];
      const square = rho * v[i] + (1 - rho) * gradient * gradient;
      newV[i] = square;
      let variance = square;
      if (a !== undefined && newA !== undefined) {
        const mean = rho * a[i] + (1 - rho) * gradient;
        newA[i] = mean;
        variance -= mean * mean;
      }
      let step = (rate * gradient) / Math.sqrt(variance + epsilon);
      if (m !== undefined && newM !== undefined) {
        step += momentum * m[i];
        newM[i] = step;
      }
      newW[start + i] = w[start + i] - rate * decay * w[start + i] - step;
    }
  }
};

/** Lion (Chen et al., 2023) in Keras's form. */
export const lion: LocalKernel<'lion'> = ({
  reads: { w, g, m },
  writes: { newW, newM },
  attributes,
  parameters: { learningRate },
}) => {
  const { start, beta1, beta2 } = attributes;
  for (const { from, count, rateScale, decay } of placeGroups(attributes)) {
    const rate = learningRate * rateScale;
    for (let i = from; i < from + count; i++) {
      const gradient = g[start + i];
      const direction = Math.sign(beta1 * m[i] + (1 - beta1) * gradient);
      newM[i] = beta2 * m[i] + (1 - beta2) * gradient;
      newW[start + i] = w[start + i] - rate * decay * w[start + i] - rate * direction;
    }
  }
};

/** Each part with the constants of LAMB's step for its elements. */
function lambParts({ parts, ...a }: LambAttributes, { learningRate, step }: RunParameters) {
  const correction1 = 1 - a.beta1 ** step;
  const correction2 = 1 - a.beta2 ** step;
  return parts.map(({ from, count, rateScale, decay }) => {
    const rate = learningRate * rateScale;
    const direction = (m: number, v: number) =>
      m / correction1 / (Math.sqrt(v / correction2) + a.epsilon);
    return { from, to: from + count, rate, keep: (w: number) => w - rate * decay * w, direction };
  });
}

/** LAMB (You et al., 2020) in Keras's form: moments, and squared norms of weights and directions. */
export const lambMoments: LocalKernel<'lambMoments'> = ({
  reads: { w, g, m, v },
  writes: { newM, newV, sums },
  attributes,
  parameters,
}) => {
  const { start, beta1, beta2 } = attributes;
  const parts = lambParts(attributes, parameters);
  parts.forEach(({ from, to, keep, direction }, part) => {
    let ofWeights = 0;
    let ofDirections = 0;
    for (let i = from; i < to; i++) {
      const gradient = g[start + i];
      newM[i] = m[i] + (gradient - m[i]) * (1 - beta1);
      newV[i] = v[i] + (gradient * gradient - v[i]) * (1 - beta2);
      ofWeights += keep(w[start + i]) ** 2;
      ofDirections += direction(newM[i], newV[i]) ** 2;
    }
    sums[part] = ofWeights;
    sums[parts.length + part] = ofDirections;
  });
};

/** LAMB's step, by the norms of whole weights. */
export const lamb: LocalKernel<'lamb'> = ({
  reads: { w, m, v, sums },
  writes: { newW },
  attributes,
  parameters,
}) => {
  const { start } = attributes;
  const parts = lambParts(attributes, parameters);
  parts.forEach(({ from, to, rate, keep, direction }, part) => {
    const ratio = trustRatio(sums[part], sums[parts.length + part]);
    for (let i = from; i < to; i++) {
      newW[start + i] = keep(w[start + i]) - ratio * rate * direction(m[i], v[i]);
    }
  });
};
