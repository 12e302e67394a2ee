// Compiles the attempts of a workshop and gives their exports, with a memory full of random numbers.
import { readFileSync } from 'node:fs';
import asc from 'assemblyscript/asc';

/** Where names of sources begin. */
const KERNELS = new URL('../', import.meta.url);
const PAGES = 1024;
const MILLISECONDS = 200;

/** Byte address above the kernels' fixed scratch memory. */
export const FREE = 65536;

/** @param {string} source such as 'workshop/gemm-attempts.ts' */
export async function loadAttempts(source) {
  let bytes;
  const { error, stderr } = await asc.main(
    [source, '--config', 'asconfig.json', '--outFile', 'attempts.wasm'],
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
  const floats = new Float32Array(memory.buffer);
  for (let i = FREE / 4; i < floats.length; i++) floats[i] = Math.random() - 0.5;
  return { kernels: instance.exports, floats };
}

/** Median milliseconds of a call, after one that warms up. @param {() => void} run */
export function medianTime(run) {
  run();
  const times = [];
  const end = performance.now() + MILLISECONDS;
  while (performance.now() < end || times.length < 3) {
    const start = performance.now();
    run();
    times.push(performance.now() - start);
  }
  times.sort((x, y) => x - y);
  return times[times.length >> 1];
}
