import { NPM_PEERS } from '../runner/launcher.js';
import type { Question } from '../runner/question.js';
import { compare } from '../runner/statistics.js';
import { articleStep } from './a-article-step.js';
import { ours, oursId, type Task, web } from './contenders.js';

const GROUP = 'browser';
const BATCH = 32;
const SIZE = 1024;
const browserStep: Task = { ...articleStep, group: GROUP, batch: BATCH };

const PAGE = 'dist/benchmarks/contenders/page.js';
const steps = { work: BATCH, unit: 'images/s' };
const products = { work: 2e-9 * SIZE ** 3, unit: 'GFLOP/s' };
const [PAGE_STEP, PAGE_PRODUCT, JAX_PRODUCT, TFJS_STEP] = [
  `${GROUP} page`,
  `${GROUP} page product`,
  `${GROUP} jax-js product`,
  `${GROUP} tensorflow.js`,
];

/** A at batch 32 in headless Chromium, by Web Workers. */
export const browserQuestion: Question = {
  letter: 'J',
  title: 'A at batch 32 in headless Chromium',
  contenders: () => [
    web(GROUP, {
      ...{ id: PAGE_STEP, label: 'residuum in the page', side: 'ours', ...steps },
      command: [PAGE, 'train', '--batch', `${BATCH}`, '--replicas', '2'],
    }),
    ours(browserStep, 2, 'wasm'),
    web(GROUP, {
      ...{ id: PAGE_PRODUCT, label: "residuum's product in the page", side: 'ours', ...products },
      command: [PAGE, 'gemm', '--size', `${SIZE}`, '--replicas', '2'],
    }),
    web(GROUP, {
      ...{ id: JAX_PRODUCT, label: "jax-js's product in the page", side: 'peer', ...products },
      command: [PAGE, 'jax-gemm', '--size', `${SIZE}`, '--npm', NPM_PEERS],
    }),
    // A step takes most of a minute even for one image: it is timed once, unwarmed.
    web(GROUP, {
      ...{ id: TFJS_STEP, label: 'TensorFlow.js cpu, one image', side: 'peer' },
      ...{ work: 1, unit: 'images/s', warmSteps: 0, rounds: 1, slow: true },
      command: ['dist/benchmarks/contenders/tfjs-step.js', NPM_PEERS, 'train', '--batch', '1'],
    }),
  ],
  judge: (figures) => [
    ...compare(figures, PAGE_STEP, oursId(browserStep, 2, 'wasm'), {
      label: 'of the WebAssembly path in Node',
      ...{ floor: 0.7, goal: 0.95, better: 'higher', unit: '×' },
    }),
    ...compare(figures, PAGE_STEP, TFJS_STEP, {
      label: "over TensorFlow.js's cpu backend",
      ...{ floor: 20, goal: 20, better: 'higher', unit: '×' },
    }),
    ...compare(figures, PAGE_PRODUCT, JAX_PRODUCT, {
      label: 'products of 1024 × 1024, over jax-js',
      ...{ floor: 0, goal: 1, better: 'higher', unit: '×' },
    }),
  ],
};
