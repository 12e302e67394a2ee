import { join } from 'node:path';
import { ValueError } from '../../core/errors.js';
import type { SummaryValue } from '../../formats/tensorboard/encode-event.js';
import { valueHistogram } from '../../formats/tensorboard/value-histogram.js';
import { Model } from '../../models/model.js';
import type { Logs, NamedCallback, RunPlan, TrainingControl } from '../../training/callback.js';
import { requireCount } from '../../training/callbacks/state-checks.js';
import { requireFlag } from '../../training/schedules/option-checks.js';
import { boardGraph } from './board-graph.js';
import { EventFile } from './event-file.js';
import { kernelImage } from './kernel-image.js';

/** Options of `tensorBoard`, with Keras's names and defaults. */
export interface TensorBoardOptions {
  /** Folder of the events, with `train` and `validation` in it; default `logs`. */
  logDir?: string;
  /** Epochs from one histogram of every weight to the next; 0, the default: none. */
  histogramFreq?: number;
  /** Whether the graph of the model is written; default true. */
  writeGraph?: boolean;
  /** Whether kernels on grey or coloured images are drawn, as often as the histograms; default false. */
  writeImages?: boolean;
  /** `epoch` (default): figures of epochs only; `batch` or a number: also of every so many steps. */
  updateFreq?: 'epoch' | 'batch' | number;
}

/** Figures that say how fast it goes, not how well. */
const RATES = ['samples', 'imagesPerSecond', 'seconds'];

/**
 * Writes what TensorBoard shows (`tensorboard --logdir logs`): figures of epochs (`epoch_loss`) and steps
 * (`batch_loss`), the learning rate, histograms and images of weights, the graph; as Keras's `TensorBoard`.
 * A run that goes on writes a file of its own beside the earlier ones.
 * @throws {ValueError} for options out of range. @throws {DataError} from `fit`, when a file cannot be
 * written.
 */
export function tensorBoard(options: TensorBoardOptions = {}): NamedCallback {
  return new BoardWriter(options);
}

class BoardWriter implements NamedCallback {
  readonly name = 'tensorBoard';
  readonly #logDir: string;
  readonly #updateFreq: NonNullable<TensorBoardOptions['updateFreq']>;
  readonly #train: EventFile;
  readonly #validation: EventFile;
  readonly #histogramFreq: number;
  readonly #graph: boolean;
  readonly #images: boolean;
  /** Steps from one event to the next; 0 for none. */
  readonly #stepFreq: number;
  #control: TrainingControl | undefined;
  #step = 0;

  constructor(options: TensorBoardOptions) {
    const { logDir = 'logs', updateFreq = 'epoch' } = options;
    this.#logDir = logDir;
    this.#updateFreq = updateFreq;
    this.#train = new EventFile(join(logDir, 'train'));
    this.#validation = new EventFile(join(logDir, 'validation'));
    this.#histogramFreq = requireCount(options.histogramFreq ?? 0, 0, 'tensorBoard: histogramFreq');
    this.#graph = requireFlag(options.writeGraph ?? true, 'tensorBoard: writeGraph');
    this.#images = requireFlag(options.writeImages ?? false, 'tensorBoard: writeImages');
    if (typeof updateFreq === 'number') {
      this.#stepFreq = requireCount(updateFreq, 1, 'tensorBoard: updateFreq');
    } else if (updateFreq === 'epoch' || updateFreq === 'batch') {
      this.#stepFreq = updateFreq === 'batch' ? 1 : 0;
    } else {
      throw new ValueError(
        `tensorBoard: updateFreq must be 'epoch', 'batch' or a number of steps, got ${updateFreq}`,
      );
    }
  }

  getConfig(): Record<string, unknown> {
    return {
      logDir: this.#logDir,
      histogramFreq: this.#histogramFreq,
      writeGraph: this.#graph,
      writeImages: this.#images,
      updateFreq: this.#updateFreq,
    };
  }

  setModel(control: TrainingControl, plan: RunPlan): void {
    this.#control = control;
    const { epoch, batch } = plan.position();
    this.#step = epoch * plan.steps + batch;
  }

  async onTrainBegin(): Promise<void> {
    const control = this.#control;
    if (!this.#graph || !(control instanceof Model)) return;
    await this.#train.add(0, { graph: boardGraph(control.network) });
  }

  async onTrainBatchEnd(_batch: number, logs: Logs): Promise<void> {
    const step = this.#step++;
    if (this.#stepFreq === 0 || step % this.#stepFreq !== 0) return;
    await this.#train.add(step, { values: this.#scalars('batch', logs, isTraining) });
  }

  async onEpochEnd(epoch: number, logs: Logs): Promise<void> {
    await this.#train.add(epoch, { values: this.#scalars('epoch', logs, isTraining) });
    const validated = Object.entries(logs).filter(([name]) => isValidation(name));
    if (validated.length > 0) {
      const values = validated.map(([name, scalar]) => {
        return { tag: `epoch_${name[3].toLowerCase()}${name.slice(4)}`, scalar };
      });
      await this.#validation.add(epoch, { values });
    }
    if (this.#histogramFreq === 0 || epoch % this.#histogramFreq !== 0) return;
    await this.#train.add(epoch, { values: await this.#weights() });
  }

  #scalars(prefix: string, logs: Logs, wanted: (name: string) => boolean): SummaryValue[] {
    const values = Object.entries(logs)
      .filter(([name]) => wanted(name))
      .map(([name, scalar]) => ({ tag: `${prefix}_${name}`, scalar }));
    const rate = this.#control?.optimizer.learningRate;
    if (rate !== undefined) values.push({ tag: `${prefix}_learning_rate`, scalar: rate });
    return values;
  }

  async #weights(): Promise<SummaryValue[]> {
    const values: SummaryValue[] = [];
    for (const { entry, variable } of this.#control?.namedVariables ?? []) {
      const numbers = await variable.read();
      values.push({ tag: `${entry}/histogram`, histogram: valueHistogram(numbers) });
      const image = this.#images ? kernelImage(numbers, variable.shape) : undefined;
      if (image !== undefined) values.push({ tag: `${entry}/image`, image });
    }
    return values;
  }
}

const isValidation = (name: string) => /^val[A-Z]/.test(name);
const isTraining = (name: string) => !isValidation(name) && !RATES.includes(name);
