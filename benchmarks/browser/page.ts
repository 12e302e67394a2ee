import { productSteps } from '../workloads/timed-products.js';
import { type TimedSteps, timeEach, trainingSteps } from '../workloads/timed-steps.js';

declare global {
  /** What the bench calls from outside. */
  var runSteps: TimedSteps | undefined;
}

/** What this file uses of jax-js. */
interface Jax {
  init(): Promise<unknown>;
  defaultDevice(name: string): void;
  numpy: { matmul(a: JaxArray, b: JaxArray): JaxArray };
  random: {
    key(seed: number): JaxArray;
    uniform(key: JaxArray, shape: readonly number[]): JaxArray;
  };
}

interface JaxArray {
  ref: JaxArray;
  blockUntilReady(): Promise<JaxArray>;
  dispose(): void;
}

const query = new URLSearchParams(location.search);
const number = (name: string) => Number(query.get(name));
const [work, size, replicas] = [query.get('work'), number('size'), number('replicas')];

/** Products by jax-js on its WebAssembly backend. */
async function jaxProductSteps(): Promise<TimedSteps> {
  const path = '/npm/@jax-js/jax/dist/index.js';
  const jax: Jax = await import(path);
  await jax.init();
  jax.defaultDevice('wasm');
  const [a, b] = [0, 1].map((seed) => jax.random.uniform(jax.random.key(seed), [size, size]));
  return (count) =>
    timeEach(count, async () => {
      const product = await jax.numpy.matmul(a.ref, b.ref).blockUntilReady();
      product.dispose();
    });
}

if (work === 'jax-gemm') globalThis.runSteps = await jaxProductSteps();
else if (work === 'gemm') globalThis.runSteps = productSteps({ size, replicas });
else {
  const step = { network: 'article', optimizer: 'adam', batch: number('batch'), replicas };
  globalThis.runSteps = trainingSteps(step);
}
