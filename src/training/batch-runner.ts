import { DataError, ShapeError } from '../core/errors.js';
import { formatShape, type Shape, sameShape, sizeOf } from '../core/shape.js';
import type { Dataset, GatherContext } from '../data/dataset.js';
import type { RunResults } from '../runtime/executor.js';
import { ordersSent } from './orders-sent.js';
import type { SampleWeights } from './sample-weights.js';
import type { Step, StepKind, Trainer } from './trainer.js';

interface Staged {
  step: Step;
  set: 0 | 1;
  count: number;
}

/**
 * Runs steps over the batches of a data set. While one batch is being computed, the next is being
 * gathered into the other set of inputs.
 */
export class BatchRunner {
  readonly #trainer: Trainer;
  readonly #kind: StepKind;
  readonly #dataset: Dataset;
  readonly #batchSize: number;
  readonly #weights: SampleWeights | undefined;
  #context: GatherContext | undefined;
  #nextSet: 0 | 1 = 0;

  /**
   * @param kind what the steps do. @param dataset where samples come from.
   * @param weights what they count in the loss; undefined where all count the same.
   */
  constructor(
    trainer: Trainer,
    kind: StepKind,
    dataset: Dataset,
    batchSize: number,
    weights?: SampleWeights,
  ) {
    this.#trainer = trainer;
    this.#kind = kind;
    this.#dataset = dataset;
    this.#batchSize = batchSize;
    this.#weights = weights;
  }

  /**
   * Runs over the samples of `order`, beginning with batch `first`.
   * @param before called before each batch. @param after called with the results and the number of
   * samples of each batch; returning false ends the pass after it. @param context what a pass of training
   * tells the data set.
   */
  async run(
    order: Uint32Array,
    first: number,
    before: (batch: number) => Promise<void>,
    after: (batch: number, results: RunResults, count: number) => Promise<boolean>,
    context?: GatherContext,
  ): Promise<void> {
    this.#context = context;
    const batches = Math.ceil(order.length / this.#batchSize);
    if (first >= batches) return;
    let next: Staged | undefined;
    for (let batch = first; batch < batches; batch++) {
      await before(batch);
      const staged = (await this.#stillValid(next)) ?? (await this.#stage(order, batch));
      const running = this.#trainer.run(staged.step, staged.set);
      await ordersSent();
      const staging = batch + 1 < batches ? this.#stageDuring(order, batch + 1) : undefined;
      // A failure of one is told only when the other has ended too: nothing runs on behind it.
      const [ran, gathered] = await Promise.allSettled([running, staging]);
      if (ran.status === 'rejected') throw ran.reason;
      if (gathered.status === 'rejected') throw gathered.reason;
      next = gathered.value;
      if (!(await after(batch, ran.value, staged.count))) return;
    }
  }

  /** A batch staged earlier, unless callbacks have frozen layers or the like since then. */
  async #stillValid(staged: Staged | undefined): Promise<Staged | undefined> {
    if (staged === undefined) return undefined;
    const current = await this.#step(staged.count);
    return current === staged.step ? staged : undefined;
  }

  async #stageDuring(order: Uint32Array, batch: number): Promise<Staged | undefined> {
    const count = this.#indices(order, batch).length;
    const known = this.#trainer.knownStep(this.#kind, count, this.#weights !== undefined);
    // Compiling needs the executor, which is busy; a batch of a new size waits its turn.
    return known === undefined ? undefined : this.#fill(known, order, batch);
  }

  async #stage(order: Uint32Array, batch: number): Promise<Staged> {
    const step = await this.#step(this.#indices(order, batch).length);
    return this.#fill(step, order, batch);
  }

  #step(count: number): Promise<Step> {
    return this.#trainer.step(this.#kind, count, [], this.#weights !== undefined);
  }

  async #fill(step: Step, order: Uint32Array, batch: number): Promise<Staged> {
    const set = this.#nextSet;
    this.#nextSet = set === 0 ? 1 : 0;
    const indices = this.#indices(order, batch);
    const arrays = step.prepared.inputs[set];
    const inputCount = this.#dataset.inputShapes.length;
    // A prediction takes no targets, but a data set that has some writes them.
    const unused = (shape: Shape) => new Float32Array(sizeOf(shape) * indices.length);
    const takesTargets = this.#kind !== 'predict' && this.#kind !== 'statistics';
    const targets = takesTargets
      ? arrays.slice(inputCount, inputCount + this.#dataset.targetShapes.length)
      : this.#dataset.targetShapes.map(unused);
    await this.#dataset.gather(indices, arrays.slice(0, inputCount), targets, this.#context);
    if (takesTargets) this.#trainer.requireClasses(targets, indices);
    this.#weights?.fill(indices, targets[0], arrays[arrays.length - 1]);
    return { step, set, count: indices.length };
  }

  #indices(order: Uint32Array, batch: number): Uint32Array {
    return order.subarray(batch * this.#batchSize, (batch + 1) * this.#batchSize);
  }
}

/**
 * Throws unless the data set's samples are what the model takes.
 * @throws {ShapeError} naming the input or output. @throws {DataError} for a wrong number of arrays.
 */
export function checkSamples(
  what: 'input' | 'target',
  names: readonly string[],
  expected: readonly Shape[],
  received: readonly Shape[],
): void {
  if (expected.length !== received.length) {
    throw new DataError(
      `the model has ${expected.length} ${what}(s) (${names.join(', ')}), but the data has ${received.length}`,
    );
  }
  expected.forEach((shape, i) => {
    // A class index, or the only value of a target, may come as [] or [1].
    const scalar =
      sizeOf(shape) * sizeOf(received[i]) === 1 && shape.length + received[i].length === 1;
    if (sameShape(shape, received[i]) || scalar) return;
    throw new ShapeError(
      `${what} '${names[i]}' takes samples of shape ${formatShape(shape)}, but the data has ${formatShape(received[i])}` +
        (what === 'input' ? inputHint(shape, received[i]) : targetHint(shape, received[i])),
    );
  });
}

/** What was probably forgotten of an input; empty where nothing suggests itself. */
function inputHint(expected: Shape, received: Shape): string {
  if (sameShape([...received, 1], expected)) {
    return `; grey images need a channel axis: give the array the shape [samples, ${expected.join(', ')}]`;
  }
  if (received.length > 0 && sameShape(expected.slice(1), received)) {
    return `; the first axis counts the samples: one sample has shape [1, ${expected.join(', ')}]`;
  }
  return '';
}

/** The loss, or the form of the targets, that was probably meant; empty where nothing suggests itself. */
function targetHint(expected: Shape, received: Shape): string {
  if (expected.length === 1 && sizeOf(received) === 1) {
    return (
      `; class indices go with the loss 'sparseCategoricalCrossentropy', or become one-hot rows by ` +
      `oneHot: ${expected[0]} beside data and shape`
    );
  }
  if (expected.length === 0 && received.length === 1) {
    return "; one-hot rows go with the loss 'categoricalCrossentropy'";
  }
  return '';
}
