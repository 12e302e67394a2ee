import type { Question } from '../runner/question.js';
import { ratioOfRounds } from '../runner/statistics.js';
import { articleStep } from './a-article-step.js';
import { type Cores, ours, oursId, torch, torchId } from './contenders.js';

const CORES: readonly Cores[] = [1, 2];

/** The most memory that a process of A ever held. */
export const peakMemoryQuestion: Question = {
  letter: 'H',
  title: 'Peak memory of A',
  contenders: () => CORES.flatMap((cores) => [ours(articleStep, cores), torch(articleStep, cores)]),
  judge: ({ measured }) =>
    CORES.flatMap((cores) => {
      const a = measured.get(oursId(articleStep, cores))?.peakBytes;
      const b = measured.get(torchId(articleStep, cores))?.peakBytes;
      if (a === undefined || b === undefined) return [];
      const label = `${cores} core${cores > 1 ? 's' : ''}, over PyTorch's`;
      return [ratioOfRounds([a / b], { label, floor: 1, goal: 0.5, better: 'lower', unit: '×' })];
    }),
};
