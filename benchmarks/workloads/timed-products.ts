import { dense, input, Model } from 'residuum';
import type { TimedSteps } from './timed-steps.js';

/**
 * Products of square matrices by our provider, rows shared by the replicas: the time of the product
 * itself, which the profile of a dense layer tells.
 */
export function productSteps(options: {
  size: number;
  replicas: number;
  gemm?: 'onnxruntime' | 'wasm';
}): TimedSteps {
  const { size, replicas, gemm } = options;
  const inputs = input({ shape: [size] });
  const model = new Model({ inputs, outputs: dense({ units: size, useBias: false })(inputs) });
  model.compile({ loss: 'meanSquaredError', profile: true, replicas, gemm });
  const x = { data: new Float32Array(size * size).fill(0.5), shape: [size, size] };
  return async (count) => {
    const executor = await model.executor();
    const [plan] = await model.plans('predict', size);
    const seconds: number[] = [];
    for (let i = 0; i < count; i++) {
      await model.predictOnBatch(x);
      const milliseconds = await executor.profile();
      const products = plan.calls.map(({ kernel }, i) =>
        kernel === 'matmul' ? milliseconds[i] : 0,
      );
      seconds.push(products.reduce((sum, time) => sum + time, 0) / 1000);
    }
    return seconds;
  };
}
