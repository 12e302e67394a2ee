import type { Question } from '../runner/question.js';
import { articleStepQuestion } from './a-article-step.js';
import { shareOfPeakQuestion } from './b-share-of-peak.js';
import { scalingQuestion } from './c-scaling.js';
import { cifarStepQuestion } from './d-cifar-step.js';
import { imagenetStepQuestion } from './e-imagenet-step.js';
import { inferenceQuestion } from './f-inference.js';
import { coldStartQuestion } from './g-cold-start.js';
import { peakMemoryQuestion } from './h-peak-memory.js';
import { wasmPathQuestion } from './i-wasm-path.js';
import { browserQuestion } from './j-browser.js';
import { epochQuestion } from './k-epoch.js';

const QUICK_EPOCH = 10_000;

/** The questions of the bench in order. @param epochImages images of K's epoch; all, or few if quick. */
export function allQuestions(quick: boolean, epochImages?: number): Question[] {
  return [
    articleStepQuestion,
    shareOfPeakQuestion,
    scalingQuestion,
    cifarStepQuestion,
    imagenetStepQuestion,
    inferenceQuestion,
    coldStartQuestion,
    peakMemoryQuestion,
    wasmPathQuestion,
    browserQuestion,
    epochQuestion(epochImages ?? (quick ? QUICK_EPOCH : undefined)),
  ];
}
