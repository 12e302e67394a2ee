// Checks and times the attempts of gemm-attempts.ts: `node kernels/workshop/gemm.mjs [attempt …]`.
// Times are medians in GFLOP/s at the products of a ResNet-50 on small images: y = x · w, dx = dy · wᵀ
// and dw = xᵀ · dy for m output pixels, n filters and patches of k.
import { FREE, loadAttempts, medianTime } from './load-attempts.mjs';

const SHAPES = [
  [1800, 64, 64],
  [1800, 256, 64],
  [1800, 64, 256],
  [1800, 128, 576],
  [1800, 128, 1152],
  [450, 256, 1024],
  [450, 256, 2304],
  [200, 512, 2048],
  [200, 512, 4608],
];
const CHECKED = [
  [1, 1, 1],
  [5, 9, 3],
  [33, 48, 65],
  [130, 17, 300],
];

/** The largest error of an attempt against sums in double precision, over all flags. */
function check(gemm, floats, base) {
  let worst = 0;
  for (const [m, n, k] of CHECKED) {
    const [a, b, c] = [base, base + m * k, base + m * k + k * n];
    for (let flags = 0; flags < 8; flags++) {
      const [transposeA, transposeB, accumulate] = [flags & 1, (flags >> 1) & 1, flags >> 2];
      const before = floats.slice(c, c + m * n);
      gemm(transposeA, transposeB, accumulate, m, n, k, 4 * a, 4 * b, 4 * c, FREE);
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          let sum = accumulate ? before[i * n + j] : 0;
          for (let p = 0; p < k; p++) {
            const x = floats[a + (transposeA ? p * m + i : i * k + p)];
            sum += x * floats[b + (transposeB ? j * k + p : p * n + j)];
          }
          worst = Math.max(worst, Math.abs(sum - floats[c + i * n + j]));
        }
      }
      floats.set(before, c);
    }
  }
  return worst;
}

function gigaflops(gemm, transposeA, transposeB, m, n, k, base) {
  const [a, b, c] = [base, base + m * k, base + m * k + k * n];
  const run = () => gemm(transposeA, transposeB, 0, m, n, k, 4 * a, 4 * b, 4 * c, FREE);
  return ((2e-6 * m * n * k) / medianTime(run)).toFixed(1);
}

const { kernels, floats } = await loadAttempts('workshop/gemm-attempts.ts');
const base = Math.ceil((FREE + kernels.gemmScratchBytes()) / 64) * 16;
const attempts = process.argv.length > 2 ? process.argv.slice(2) : ['3'];
for (const attempt of attempts) {
  const gemm = kernels[`gemm_${attempt}`];
  console.log(`attempt ${attempt}: largest error ${check(gemm, floats, base).toExponential(1)}`);
  for (const [m, n, k] of SHAPES) {
    const y = gigaflops(gemm, 0, 0, m, n, k, base);
    const dx = gigaflops(gemm, 0, 1, m, k, n, base);
    const dw = gigaflops(gemm, 1, 0, k, n, m, base);
    console.log(`m ${m} n ${n} k ${k}: y ${y}, dx ${dx}, dw ${dw}`);
  }
}
