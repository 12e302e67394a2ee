import { nearestName, ValueError } from '../../core/errors.js';
import { type NamedOptions, optionsOf } from '../../core/named-options.js';
import { validationName } from '../../training/fit.js';
import { type MetricName, resolveMetric } from '../../training/metrics.js';
import { FIGURE_NAME } from '../runs/record-field.js';

/** Leaves room for `val` before the name and the number of a class behind it. */
const LONGEST_NAME = 100;
const WATCHING = ['earlyStopping', 'reduceLROnPlateau', 'modelCheckpoint'];

/** Names of the figures of an epoch. */
export class FigureNames {
  readonly #labels = new Set(['loss', 'accuracy']);
  readonly #names = new Set(['loss', 'accuracy', 'valLoss', 'valAccuracy', 'seconds']);

  /**
   * Takes in what a metric is reported as.
   * @throws {ValueError} for a name that a run's record cannot hold, or that there is already.
   */
  add(metric: NamedOptions): void {
    const made = resolveMetric(metric.name as MetricName, { ...optionsOf(metric) });
    const { name } = made;
    if (!FIGURE_NAME.test(name) || name.length > LONGEST_NAME) {
      throw new ValueError(
        `'${name}' is no name of a figure; it begins with a letter, and letters, digits and _ . / - may follow.`,
      );
    }
    if (this.#labels.has(name)) {
      throw new ValueError(
        `there is a figure '${name}' already; give this one a name of its own: { "name": "${metric.name}", "config": { …, "name": "other" } }.`,
      );
    }
    this.#labels.add(name);
    if ('emit' in made) this.#names.add(name);
    this.#names.add(validationName(name));
  }

  /** @throws {ValueError} when a callback watches a figure that epochs do not have. */
  checkWatched(callback: NamedOptions): void {
    const { monitor = 'valLoss', saveBestOnly } = optionsOf(callback);
    if (!WATCHING.includes(callback.name) || typeof monitor !== 'string') return;
    if (callback.name === 'modelCheckpoint' && saveBestOnly !== true) return;
    // Figures by class end in _0, _1, …
    if (this.#names.has(monitor.replace(/_\d+$/, ''))) return;
    const names = [...this.#names];
    const near = nearestName(monitor, names);
    const hint = near === undefined ? `epochs have ${names.join(', ')}` : `did you mean '${near}'?`;
    throw new ValueError(`${callback.name} watches '${monitor}', which is no figure; ${hint}`);
  }
}
