import type { Question } from '../runner/question.js';
import { compare } from '../runner/statistics.js';
import { articleStep } from './a-article-step.js';
import { type Cores, ours, oursId } from './contenders.js';

const CORES: readonly Cores[] = [1, 2];

/** A without onnxruntime-node: products by our own WebAssembly kernel. */
export const wasmPathQuestion: Question = {
  letter: 'I',
  title: 'A with --gemm wasm',
  contenders: () =>
    CORES.flatMap((cores) => [ours(articleStep, cores), ours(articleStep, cores, 'wasm')]),
  judge: (figures) =>
    CORES.flatMap((cores) =>
      compare(figures, oursId(articleStep, cores, 'wasm'), oursId(articleStep, cores), {
        label: `${cores} core${cores > 1 ? 's' : ''}, of the onnxruntime path`,
        floor: 0.35,
        goal: 0.5,
        better: 'higher',
        unit: '%',
      }),
    ),
};
