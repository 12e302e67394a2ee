import { ARTICLE_FLOPS_PER_IMAGE } from '../networks/bench-networks.js';
import type { Question } from '../runner/question.js';
import { bestOf, quotients, ratioOfRounds } from '../runner/statistics.js';
import { articleStep } from './a-article-step.js';
import { type Cores, ours, oursId, productIds, products } from './contenders.js';

const CORES: readonly Cores[] = [1, 2];

/** Useful work of A, without tricks counted, over what the same cores do in a large product. */
export const shareOfPeakQuestion: Question = {
  letter: 'B',
  title: "Share of the machine's practical peak in A",
  contenders: () =>
    CORES.flatMap((cores) => [ours(articleStep, cores), ...products(articleStep.group, cores)]),
  judge: (figures) =>
    CORES.flatMap((cores) => {
      const step = figures.measured.get(oursId(articleStep, cores));
      const peak = bestOf(figures, productIds(articleStep.group, cores), 'higher');
      if (step === undefined || peak === undefined) return [];
      const shares = quotients(step, peak).map(
        (imagesPerGflop) => (imagesPerGflop * ARTICLE_FLOPS_PER_IMAGE) / 1e9,
      );
      const label = `${cores} core${cores > 1 ? 's' : ''}, of ${peak.contender.label}`;
      return [
        ratioOfRounds(shares, { label, floor: 0.65, goal: 0.8, better: 'higher', unit: '%' }),
      ];
    }),
};
