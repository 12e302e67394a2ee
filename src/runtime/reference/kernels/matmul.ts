import type { LocalKernel } from '../reference-kernel.js';

/** c[i, j] = Σ_p op(a)[i, p] · op(b)[p, j]. */
export const matmul: LocalKernel<'matmul'> = ({ reads: { a, b }, writes: { c }, attributes }) => {
  const { m, n, k, transposeA, transposeB } = attributes;
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) {
        sum += a[transposeA ? p * m + i : i * k + p] * b[transposeB ? j * k + p : p * n + j];
      }
      c[i * n + j] = sum;
    }
  }
};
