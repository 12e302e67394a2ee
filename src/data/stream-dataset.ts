import { DataError, ValueError } from '../core/errors.js';
import { formatShape, type Shape, sizeOf } from '../core/shape.js';
import { ArrayDataset, requireSampleArray, type SampleArray } from './array-dataset.js';
import { checkDestination, type Dataset, type GatherContext } from './dataset.js';

/** Arrays of one input or target, or a list of them. */
type Arrays = SampleArray | readonly SampleArray[];

/** What a stream gives: inputs and targets of one sample or of a batch, as a pair or by name. */
export type StreamElement =
  | readonly [inputs: Arrays, targets: Arrays]
  | { readonly inputs: Arrays; readonly targets: Arrays };

type Elements = Iterable<StreamElement> | AsyncIterable<StreamElement>;

/**
 * Samples or batches one after the other. A function is asked for those of each epoch, so that a run that is
 * resumed gets the same ones; anything else goes on where the epoch before stopped, and is begun anew
 * when it ends, if it can be.
 */
export type SampleStream = Elements | ((epoch: number) => Elements);

/** What a {@link StreamDataset} is made of. */
export interface StreamDatasetOptions {
  readonly stream: SampleStream;
  /** Samples in an epoch. */
  readonly size: number;
  /** Shapes of one sample of every input and target. */
  readonly inputShapes: readonly Shape[];
  readonly targetShapes: readonly Shape[];
}

/** Samples of a stream, which may be asked for in their order only, and are not kept. */
export class StreamDataset implements Dataset {
  readonly size: number;
  readonly inputShapes: readonly Shape[];
  readonly targetShapes: readonly Shape[];
  readonly #stream: SampleStream;
  #iterator: Iterator<StreamElement> | AsyncIterator<StreamElement> | undefined;
  #epoch: number | undefined;
  /** Number within the epoch of the sample that comes next. */
  #next = 0;
  #chunk: ArrayDataset | undefined;
  #chunkNext = 0;
  /** What the last call gave, should its batch be asked for again. */
  #last: { first: number; inputs: Float32Array[]; targets: Float32Array[] } | undefined;

  constructor({ stream, size, inputShapes, targetShapes }: StreamDatasetOptions) {
    this.#stream = stream;
    this.size = size;
    this.inputShapes = inputShapes;
    this.targetShapes = targetShapes;
  }

  async gather(
    indices: Uint32Array,
    inputs: readonly Float32Array[],
    targets: readonly Float32Array[],
    context?: GatherContext,
  ): Promise<void> {
    checkDestination('input', this.inputShapes, inputs, indices.length);
    checkDestination('target', this.targetShapes, targets, indices.length);
    const [first] = indices;
    if (indices.some((index, i) => index !== first + i) || first + indices.length > this.size) {
      throw new ValueError('samples of a stream come in their order only; use shuffle: false.');
    }
    this.#enter(context?.epoch ?? 0, first);
    if (this.#last?.first === first && first < this.#next) {
      copyInto(this.#last.inputs, inputs);
      copyInto(this.#last.targets, targets);
      return;
    }
    // A run that was resumed within an epoch passes over what was done of it.
    while (this.#next < first) {
      const chunk = await this.#filledChunk();
      const passed = Math.min(chunk.size - this.#chunkNext, first - this.#next);
      this.#chunkNext += passed;
      this.#next += passed;
    }
    if (this.#next !== first) {
      throw new ValueError(
        `sample ${first} of a stream was asked for, but it has come to ${this.#next}.`,
      );
    }
    await this.#take(indices.length, inputs, targets);
    this.#remember(first, indices.length, inputs, targets);
  }

  #enter(epoch: number, first: number): void {
    if (this.#epoch === epoch && !(first === 0 && this.#next === this.size)) return;
    this.#epoch = epoch;
    this.#next = 0;
    this.#last = undefined;
    if (typeof this.#stream !== 'function') return;
    this.#chunk = undefined;
    this.#iterator = begin(this.#stream(epoch));
  }

  async #take(
    count: number,
    inputs: readonly Float32Array[],
    targets: readonly Float32Array[],
  ): Promise<void> {
    let done = 0;
    while (done < count) {
      const chunk = await this.#filledChunk();
      const taken = Math.min(chunk.size - this.#chunkNext, count - done);
      const from = this.#chunkNext;
      chunk.gather(
        Uint32Array.from({ length: taken }, (_, i) => from + i),
        inputs.map((array, i) => array.subarray(done * sizeOf(this.inputShapes[i]))),
        targets.map((array, i) => array.subarray(done * sizeOf(this.targetShapes[i]))),
      );
      this.#chunkNext += taken;
      this.#next += taken;
      done += taken;
    }
  }

  /** The element under way, or the next one. */
  async #filledChunk(): Promise<ArrayDataset> {
    if (this.#chunk !== undefined && this.#chunkNext < this.#chunk.size) return this.#chunk;
    let fresh = false;
    if (this.#iterator === undefined) {
      this.#iterator = begin(elementsOf(this.#stream, this.#epoch ?? 0));
      fresh = true;
    }
    let result = await this.#iterator.next();
    if (result.done === true && !fresh && typeof this.#stream !== 'function') {
      this.#iterator = begin(this.#stream);
      result = await this.#iterator.next();
    }
    if (result.done === true) {
      throw new DataError(
        `the stream ended after ${this.#next} of the ${this.size} samples of an epoch; ask for fewer ` +
          'stepsPerEpoch, or give a function that begins the stream anew for each epoch.',
      );
    }
    this.#chunk = this.#toChunk(result.value);
    this.#chunkNext = 0;
    return this.#chunk;
  }

  #toChunk(element: StreamElement): ArrayDataset {
    const [inputs, targets] = pairOf(element);
    return new ArrayDataset({
      inputs: batchesOf('input', inputs, this.inputShapes),
      targets: batchesOf('target', targets, this.targetShapes),
    });
  }

  #remember(
    first: number,
    count: number,
    inputs: readonly Float32Array[],
    targets: readonly Float32Array[],
  ): void {
    const copies = (arrays: readonly Float32Array[], shapes: readonly Shape[]) =>
      arrays.map((array, i) => array.slice(0, count * sizeOf(shapes[i])));
    this.#last = {
      first,
      inputs: copies(inputs, this.inputShapes),
      targets: copies(targets, this.targetShapes),
    };
  }
}

/** Whether something is a stream of samples rather than arrays. */
export function isSampleStream(x: unknown): x is SampleStream {
  if (typeof x === 'function') return true;
  if (typeof x !== 'object' || x === null || Array.isArray(x) || ArrayBuffer.isView(x))
    return false;
  return Symbol.asyncIterator in x || Symbol.iterator in x;
}

function elementsOf(stream: SampleStream, epoch: number): Elements {
  return typeof stream === 'function' ? stream(epoch) : stream;
}

function begin(elements: Elements): Iterator<StreamElement> | AsyncIterator<StreamElement> {
  return Symbol.asyncIterator in elements
    ? elements[Symbol.asyncIterator]()
    : elements[Symbol.iterator]();
}

function pairOf(element: StreamElement): readonly [Arrays, Arrays] {
  if (Array.isArray(element) && element.length === 2) {
    return element as readonly [Arrays, Arrays];
  }
  if (typeof element === 'object' && element !== null && 'inputs' in element) {
    return [element.inputs, element.targets];
  }
  throw new DataError(
    'a stream must give [inputs, targets] or { inputs, targets }, of one sample or of a batch.',
  );
}

/** Arrays with a batch axis, which single samples do not have. */
function batchesOf(kind: string, arrays: Arrays, shapes: readonly Shape[]): SampleArray[] {
  const list = Array.isArray(arrays) ? (arrays as readonly SampleArray[]) : [arrays as SampleArray];
  if (list.length !== shapes.length) {
    throw new DataError(
      `the stream gives ${list.length} ${kind} arrays, but the model has ${shapes.length}.`,
    );
  }
  return list.map((array, i) => {
    requireSampleArray(`${kind} ${i} of the stream`, array);
    const expected = array.oneHot === undefined ? shapes[i] : [];
    const [isBatch, isSample] = [array.shape.slice(1), array.shape].map((shape) => {
      return shape.join() === expected.join();
    });
    if (isBatch && array.shape.length === expected.length + 1) return array;
    if (isSample) return { ...array, shape: [1, ...array.shape] };
    throw new DataError(
      `the stream gives ${kind} ${i} of shape ${formatShape(array.shape)}, but the model takes samples of ` +
        `${formatShape(expected)} or batches of ${formatShape([null, ...expected])}.`,
    );
  });
}

function copyInto(from: readonly Float32Array[], to: readonly Float32Array[]): void {
  from.forEach((array, i) => {
    to[i].set(array);
  });
}
