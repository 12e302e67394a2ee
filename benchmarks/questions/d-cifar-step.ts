import type { Question } from '../runner/question.js';
import { compare } from '../runner/statistics.js';
import { ours, oursId, type Task, torch, torchId } from './contenders.js';

const TASKS: readonly Task[] = [20, 56].map((depth) => ({
  group: `cifar${depth}`,
  title: `ResNet-${depth}`,
  work: 'train',
  network: `cifar${depth}`,
  optimizer: 'sgd',
  batch: 128,
}));

/** Networks of few channels: 32×32×3 images, batch 128, SGD with momentum. */
export const cifarStepQuestion: Question = {
  letter: 'D',
  title: 'CIFAR ResNet-20 and ResNet-56, training step',
  contenders: () => TASKS.flatMap((task) => [ours(task, 2), torch(task, 2)]),
  judge: (figures) =>
    TASKS.flatMap((task) =>
      compare(figures, oursId(task, 2), torchId(task, 2), {
        label: `${task.title}, 2 cores, over PyTorch`,
        floor: 0.5,
        goal: 1.2,
        better: 'higher',
        unit: '×',
      }),
    ),
};
