// Checks and times the attempts of gemm-attempts.ts: `node kernels/workshop/gemm.mjs [attempt …]`.
// Times are medians in GFLOP/s at the products of a ResNet-50 on small images: y = x · w, dx = dy · wᵀ
// and dw = xᵀ · dy for m output pixels, n filters and patches of k.
import { readFileSync } from 'node:fs';
import asc from 'assemblyscript/asc';

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
/** Where names of sources begin. */
const KERNELS = new URL('../', import.meta.url);
const PAGES = 1024;
const SCRATCH = 65536;
const MILLISECONDS = 200;

async function load() {
  let bytes;
  const { error, stderr } = await asc.main(
    ['workshop/gemm-attempts.ts', '--config', 'asconfig.json', '--outFile', 'gemm.wasm'],
    {
      readFile: (name) => {
        try {
          return readFileSync(new URL(name, KERNELS), 'utf8');
        } catch {
          return null;
        }
      },
      writeFile: (_name, contents) => {
        bytes = contents;
      },
      listFiles: () => null,
    },
  );
  if (error) throw new Error(String(stderr));
  const memory = new WebAssembly.Memory({ initial: PAGES });
  const { instance } = await WebAssembly.instantiate(bytes, { env: { memory } });
  return { memory, kernels: instance.exports };
}

/** The largest error of an attempt against sums in double precision, over all flags. */
function check(gemm, floats, base) {
  let worst = 0;
  for (const [m, n, k] of CHECKED) {
    const [a, b, c] = [base, base + m * k, base + m * k + k * n];
    for (let flags = 0; flags < 8; flags++) {
      const [transposeA, transposeB, accumulate] = [flags & 1, (flags >> 1) & 1, flags >> 2];
      const before = floats.slice(c, c + m * n);
      gemm(transposeA, transposeB, accumulate, m, n, k, 4 * a, 4 * b, 4 * c, SCRATCH);
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
  const run = () => gemm(transposeA, transposeB, 0, m, n, k, 4 * a, 4 * b, 4 * c, SCRATCH);
  run();
  const times = [];
  const end = performance.now() + MILLISECONDS;
  while (performance.now() < end || times.length < 3) {
    const start = performance.now();
    run();
    times.push(performance.now() - start);
  }
  times.sort((x, y) => x - y);
  return ((2e-6 * m * n * k) / times[times.length >> 1]).toFixed(1);
}

const { memory, kernels } = await load();
const floats = new Float32Array(memory.buffer);
const base = Math.ceil((SCRATCH + kernels.gemmScratchBytes()) / 64) * 16;
for (let i = base; i < floats.length; i++) floats[i] = Math.random() - 0.5;
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
