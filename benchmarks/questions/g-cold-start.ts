import type { Question } from '../runner/question.js';
import { compare } from '../runner/statistics.js';
import { articleStep } from './a-article-step.js';
import { ours, oursId, type Task, torch, torchId } from './contenders.js';

const coldStep: Task = { ...articleStep, group: 'cold', cold: true };

/** From the start of a process to the end of its first step of A. */
export const coldStartQuestion: Question = {
  letter: 'G',
  title: 'Start to first step done, cold process',
  contenders: () => [ours(coldStep, 2), torch(coldStep, 2)],
  judge: (figures) =>
    compare(figures, oursId(coldStep, 2), torchId(coldStep, 2), {
      label: "2 cores, seconds over PyTorch's",
      floor: 0.5,
      goal: 0.25,
      better: 'lower',
      unit: '×',
    }),
};
