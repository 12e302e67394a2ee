import type { Question } from '../runner/question.js';
import { compareWithBest } from '../runner/statistics.js';
import {
  type Cores,
  keras,
  kerasId,
  ours,
  oursId,
  type Task,
  torch,
  torchId,
} from './contenders.js';

/** The article's training step: 28×28×1, batch 100, Adam. */
export const articleStep: Task = {
  group: 'article',
  work: 'train',
  network: 'article',
  optimizer: 'adam',
  batch: 100,
};

const CORES: readonly Cores[] = [1, 2];

/** How fast the article's training step is. */
export const articleStepQuestion: Question = {
  letter: 'A',
  title: "The article's training step",
  contenders: () =>
    CORES.flatMap((cores) => [
      ours(articleStep, cores),
      torch(articleStep, cores),
      keras(articleStep, cores),
    ]),
  judge: (figures) =>
    CORES.flatMap((cores) =>
      compareWithBest(
        figures,
        oursId(articleStep, cores),
        [torchId(articleStep, cores), kerasId(articleStep, cores)],
        {
          floor: 1.1,
          goal: 1.5,
          better: 'higher',
          unit: '×',
        },
      ),
    ),
};
