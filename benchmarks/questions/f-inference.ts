import type { Question } from '../runner/question.js';
import { compareWithBest } from '../runner/statistics.js';
import {
  keras,
  kerasId,
  onnxRuntime,
  ours,
  oursId,
  type Task,
  tensorFlowJs,
  tensorFlowJsId,
  torch,
  torchId,
} from './contenders.js';

const TASKS: readonly Task[] = [1, 100].map((batch) => ({
  group: `inference${batch}`,
  title: `batch ${batch}`,
  work: 'predict',
  network: 'article',
  optimizer: 'adam',
  batch,
}));

/** Predictions of the article's network, one image or a hundred at a time. */
export const inferenceQuestion: Question = {
  letter: 'F',
  title: "Inference of the article's network",
  contenders: () =>
    TASKS.flatMap((task) => [
      ...[ours(task, 2), torch(task, 2), keras(task, 2)],
      ...[tensorFlowJs(task), onnxRuntime(task, 2)],
    ]),
  judge: (figures) =>
    TASKS.flatMap((task) =>
      compareWithBest(
        figures,
        oursId(task, 2),
        [torchId(task, 2), kerasId(task, 2), tensorFlowJsId(task)],
        { floor: 1, goal: 1.3, better: 'higher', unit: '×' },
      ),
    ),
};
