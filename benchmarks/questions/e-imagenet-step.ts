import type { Question } from '../runner/question.js';
import { compare } from '../runner/statistics.js';
import { ours, oursId, type Task, torch, torchId } from './contenders.js';

const imagenetStep: Task = {
  group: 'imagenet',
  work: 'train',
  network: 'imagenet',
  optimizer: 'sgd',
  batch: 16,
};

/** The paper's ResNet-50 at full size: 224×224×3, a thousand classes, batch 16. */
export const imagenetStepQuestion: Question = {
  letter: 'E',
  title: 'ResNet-50 at 224×224×3, training step',
  contenders: () => [ours(imagenetStep, 2), torch(imagenetStep, 2)],
  judge: (figures) =>
    compare(figures, oursId(imagenetStep, 2), torchId(imagenetStep, 2), {
      label: 'batch 16, 2 cores, over PyTorch',
      floor: 0.8,
      goal: 1.2,
      better: 'higher',
      unit: '×',
    }),
};
