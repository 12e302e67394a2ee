import type { Question } from '../runner/question.js';
import { compare } from '../runner/statistics.js';
import { articleStep } from './a-article-step.js';
import { ours, oursId, type Task } from './contenders.js';

const epochStep: Task = { ...articleStep, group: 'epoch' };
const EPOCH = 'epoch residuum train';

/** A whole epoch of Fashion-MNIST by the command line, data and progress included; or a part of it. */
export const epochQuestion = (limit?: number): Question => ({
  letter: 'K',
  title: `${limit === undefined ? 'A whole epoch' : `${limit} images`} through residuum train`,
  contenders: () => [
    ours(epochStep, 2),
    {
      id: EPOCH,
      label: 'residuum train, 2 cores',
      side: 'ours',
      group: epochStep.group,
      cores: 2,
      variants: [
        {
          name: '',
          command: [
            ...['node', 'dist/benchmarks/contenders/residuum-train.js', '--replicas', '2'],
            ...(limit === undefined ? [] : ['--limit', `${limit}`]),
          ],
        },
      ],
      mode: 'steps',
      work: 1,
      unit: 'images/s',
      warmSteps: 0,
      rounds: 1,
      wraps: true,
    },
  ],
  judge: (figures) =>
    compare(figures, EPOCH, oursId(epochStep, 2), {
      label: 'of the speed of A',
      floor: 0.95,
      goal: 0.99,
      better: 'higher',
      unit: '%',
    }),
});
