import type { LocalKernel } from '../reference-kernel.js';

/** Adam (Kingma and Ba, 2015) in Keras's form, over elements [start, start + count) of w. */
export const adam: LocalKernel<'adam'> = ({
  reads: { w, g, m, v },
  writes: { newW, newM, newV },
  attributes: { start, count, beta1, beta2, epsilon },
  parameters: { learningRate, step },
}) => {
  const rate = (learningRate * Math.sqrt(1 - beta2 ** step)) / (1 - beta1 ** step);
  for (let i = 0; i < count; i++) {
    const gradient = g[start + i];
    const mean = m[i] + (gradient - m[i]) * (1 - beta1);
    const square = v[i] + (gradient * gradient - v[i]) * (1 - beta2);
    newM[i] = mean;
    newV[i] = square;
    newW[start + i] = w[start + i] - (rate * mean) / (Math.sqrt(square) + epsilon);
  }
};

/** Gradient descent, with Keras's momentum and Nesterov forms, over [start, start + count) of w. */
export const sgd: LocalKernel<'sgd'> = ({
  reads: { w, g, m },
  writes: { newW, newM },
  attributes: { start, count, momentum, nesterov },
  parameters: { learningRate },
}) => {
  for (let i = 0; i < count; i++) {
    const descent = -learningRate * g[start + i];
    let update = descent;
    if (m !== undefined && newM !== undefined) {
      const velocity = momentum * m[i] + descent;
      newM[i] = velocity;
      update = nesterov ? momentum * velocity + descent : velocity;
    }
    newW[start + i] = w[start + i] + update;
  }
};
