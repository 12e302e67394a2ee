import type { Question } from '../runner/question.js';
import { compare } from '../runner/statistics.js';
import { articleStep } from './a-article-step.js';
import { ours, oursId } from './contenders.js';

/** What the second replica brings. */
export const scalingQuestion: Question = {
  letter: 'C',
  title: 'Scaling of A from 1 to 2 replicas',
  contenders: () => [ours(articleStep, 1), ours(articleStep, 2)],
  judge: (figures) =>
    compare(figures, oursId(articleStep, 2), oursId(articleStep, 1), {
      label: '2 replicas over 1',
      floor: 1.7,
      goal: 1.95,
      better: 'higher',
      unit: '×',
    }),
};
