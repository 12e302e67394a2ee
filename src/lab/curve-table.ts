import type { LabTable } from './experiment.js';
import type { Curve } from './train-network.js';
import { list } from './words.js';

/** The figures of every epoch, by name of the curves and by seed; `heading` says what the names are. */
export function curveTable(
  heading: string,
  curves: Readonly<Record<string, readonly Curve[]>>,
): LabTable {
  return {
    name: 'curves',
    caption: 'Figures by epoch.',
    columns: [
      ...[heading, 'seed', 'epoch', 'training loss', 'training accuracy'],
      ...['test loss', 'test accuracy', 'seconds'],
    ],
    rows: Object.entries(curves).flatMap(([name, seeds]) =>
      seeds.flatMap(({ loss, accuracy, testLoss, testAccuracy, seconds }, seed) =>
        loss.map((value, i) => [
          ...[name, seed, i + 1, value],
          ...[accuracy[i], testLoss[i], testAccuracy[i], seconds[i]],
        ]),
      ),
    ),
  };
}

/** Which trainings stopped because the loss was no number any more, as a sentence that follows a caption; else nothing. */
export function divergedSentence(curves: Readonly<Record<string, readonly Curve[]>>): string {
  const ended = Object.entries(curves).flatMap(([name, seeds]) =>
    seeds.flatMap(({ diverged, loss }, seed) =>
      diverged ? [`${name} with seed ${seed} in epoch ${loss.length + 1}`] : [],
    ),
  );
  return ended.length === 0 ? '' : ` Diverged, and left out from then on: ${list(ended)}.`;
}
