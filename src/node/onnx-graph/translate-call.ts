import { type Shape, sizeOf } from '../../core/shape.js';
import type {
  BinaryFunction,
  BufferId,
  KernelCall,
  KernelName,
  Pool2dAttributes,
  UnaryFunction,
} from '../../plan/kernels.js';
import type { Plan } from '../../plan/plan.js';
import {
  channelsFirst,
  channelsLast,
  padsOf,
  writeConvolution,
  writeProduct,
} from './convolution.js';
import { type GraphTensor, GraphWriter, NotTranslatable } from './graph-writer.js';
import type { Epilogue, Normalization, StateArray } from './weight-recipe.js';

/** A product with weights that is written only once it is known what follows it. */
interface PendingProduct {
  readonly kind: 'product';
  readonly epilogue: Epilogue;
  write(epilogue: Epilogue): GraphTensor;
  written?: GraphTensor;
}

/** Statistics of a batch normalisation that come from the state. */
interface Statistics {
  readonly kind: 'statistics';
  readonly normalization: Normalization;
}

type GraphValue = GraphTensor | PendingProduct | Statistics;

type Emitter<K extends KernelName> = (
  calls: CallTranslator,
  call: Extract<KernelCall, { kernel: K }>,
) => void;

const UNARY_OPERATORS: Record<Exclude<UnaryFunction, 'square'>, string> = {
  relu: 'Relu',
  sigmoid: 'Sigmoid',
  tanh: 'Tanh',
  exp: 'Exp',
  log: 'Log',
  sqrt: 'Sqrt',
  abs: 'Abs',
  negate: 'Neg',
};

const BINARY_OPERATORS: Record<BinaryFunction, string> = {
  add: 'Add',
  subtract: 'Sub',
  multiply: 'Mul',
  divide: 'Div',
};

/** The kernels that have a form as ONNX operators; all others end a stretch. */
const emitters: { readonly [K in KernelName]?: Emitter<K> } = {
  conv2d(calls, { reads, writes, attributes }) {
    const x = calls.tensor(reads.x);
    const weights = calls.weights(reads.w);
    calls.setProduct(writes.y, (epilogue) =>
      writeConvolution(calls.graph, { attributes, x, weights }, epilogue),
    );
  },
  matmul(calls, { reads, writes, attributes }) {
    if (attributes.transposeA || attributes.transposeB) {
      throw new NotTranslatable('a transposed product');
    }
    const x = calls.tensor(reads.a);
    const weights = calls.weights(reads.b);
    const size = { channels: attributes.k, filters: attributes.n };
    calls.setProduct(writes.c, (epilogue) =>
      writeProduct(calls.graph, calls.graph.form(x, [attributes.k]), weights, 0, size, epilogue),
    );
  },
  biasAdd(calls, { reads, writes, attributes: { channels } }) {
    const bias = calls.weights(reads.bias);
    const product = calls.product(reads.x);
    if (product !== undefined && isEmpty(product.epilogue)) {
      calls.setProduct(writes.y, product.write, { bias });
      return;
    }
    const constant = calls.graph.constant({ kind: 'bias', channels, epilogue: { bias } });
    calls.elementwise('Add', reads.x, writes.y, [channels], [constant]);
  },
  batchNormFrozenStatistics(calls, { reads, writes, attributes: { epsilon } }) {
    const normalization: Normalization = {
      movingMean: calls.weights(reads.movingMean),
      movingVariance: calls.weights(reads.movingVariance),
      epsilon,
      ...(reads.bias !== undefined && { bias: calls.weights(reads.bias) }),
    };
    calls.set(writes.mean, { kind: 'statistics', normalization });
    calls.set(writes.rstd, { kind: 'statistics', normalization });
  },
  batchNormApply(calls, { reads, writes, attributes: { channels, relu } }) {
    const normalization: Normalization = {
      ...calls.statistics(reads.mean),
      ...(reads.gamma !== undefined && { gamma: calls.weights(reads.gamma) }),
      ...(reads.beta !== undefined && { beta: calls.weights(reads.beta) }),
    };
    const { graph } = calls;
    // Before y is set, for y may take its place.
    const residual = reads.residual === undefined ? undefined : calls.tensor(reads.residual);
    const product = calls.product(reads.x);
    if (product !== undefined && product.epilogue.normalization === undefined) {
      const epilogue = { ...product.epilogue, normalization };
      calls.setProduct(writes.y, product.write, epilogue);
    } else {
      const scale = graph.constant({ kind: 'scale', channels, epilogue: { normalization } });
      const shift = graph.constant({ kind: 'bias', channels, epilogue: { normalization } });
      calls.elementwise('Mul', reads.x, writes.y, [channels], [scale]);
      calls.elementwise('Add', writes.y, writes.y, [channels], [shift]);
    }
    if (residual !== undefined) {
      const { tail } = calls.tensor(writes.y);
      calls.elementwise('Add', writes.y, writes.y, tail, [graph.form(residual, tail)]);
    }
    if (relu) calls.elementwise('Relu', writes.y, writes.y);
  },
  unary(calls, { reads, writes, attributes: { fn } }) {
    if (fn === 'square') {
      const x = calls.tensor(reads.x);
      calls.elementwise('Mul', reads.x, writes.y, x.tail, [calls.graph.form(x)]);
    } else {
      calls.elementwise(UNARY_OPERATORS[fn], reads.x, writes.y);
    }
  },
  binary(calls, { reads, writes, attributes: { fn } }) {
    const { graph } = calls;
    const a = calls.tensor(reads.a);
    const b = graph.form(calls.tensor(reads.b), a.tail);
    calls.set(writes.y, graph.add(BINARY_OPERATORS[fn], [graph.form(a), b], a.tail));
  },
  affine(calls, { reads, writes, attributes: { scale, offset } }) {
    const number = (value: number) => calls.graph.constant({ kind: 'number', value });
    calls.elementwise('Mul', reads.x, writes.y, undefined, [number(scale)]);
    if (offset !== 0) calls.elementwise('Add', writes.y, writes.y, undefined, [number(offset)]);
  },
  softmax(calls, { reads, writes, attributes: { channels } }) {
    const { graph } = calls;
    const x = graph.form(calls.tensor(reads.x), [channels]);
    calls.set(writes.y, graph.add('Softmax', [x], [channels], { axis: -1 }));
  },
  reduceSum(calls, { reads, writes, attributes: { outer, count, inner, scale } }) {
    const { graph, samples } = calls;
    if (outer % samples !== 0) throw new NotTranslatable('a sum over samples');
    const x = graph.form(calls.tensor(reads.x), [count, inner]);
    const inputs = [x, graph.integers([1])];
    const sum = graph.add('ReduceSum', inputs, [inner], { keepdims: 0 });
    const factor = graph.constant({ kind: 'number', value: scale });
    calls.set(writes.y, scale === 1 ? sum : graph.add('Mul', [graph.form(sum), factor], [inner]));
  },
  concat(calls, { reads, writes, attributes: { outer, widths } }) {
    const { graph, samples } = calls;
    if (outer % samples !== 0) throw new NotTranslatable('samples side by side');
    const parts = widths.map((width, i) => {
      return graph.form(calls.tensor((reads as Record<string, BufferId>)[`x${i}`]), [width]);
    });
    const total = widths.reduce((sum, width) => sum + width, 0);
    calls.set(writes.y, graph.add('Concat', parts, [total], { axis: 1 }));
  },
  maxPool: (calls, call) => pool('MaxPool', calls, call),
  averagePool: (calls, call) => pool('AveragePool', calls, call),
};

function pool(
  operator: string,
  calls: CallTranslator,
  {
    reads,
    writes,
    attributes: a,
  }: {
    reads: { x: BufferId };
    writes: { y: BufferId };
    attributes: Pool2dAttributes;
  },
): void {
  const { graph } = calls;
  const pads = padsOf({ ...a, spanHeight: a.poolHeight, spanWidth: a.poolWidth });
  if (pads.some((pad, i) => pad >= (i % 2 === 0 ? a.poolHeight : a.poolWidth))) {
    throw new NotTranslatable('a window in the padding');
  }
  const x = channelsFirst(graph, calls.tensor(reads.x), a);
  const y = graph.add(operator, [x], [a.channels, a.outHeight, a.outWidth], {
    kernel_shape: [a.poolHeight, a.poolWidth],
    strides: [a.strideHeight, a.strideWidth],
    pads,
  });
  calls.set(writes.y, channelsLast(graph, y, a));
}

function isEmpty({ bias, normalization }: Epilogue): boolean {
  return bias === undefined && normalization === undefined;
}

/**
 * Turns the calls of a plan, one after the other, into nodes over any number of samples, with all
 * weights as constants. Normalisations with moving statistics go into the weights before them.
 */
export class CallTranslator {
  readonly graph = new GraphWriter();
  /** Samples of the plan; the graph takes any number. */
  readonly samples: number;
  /** Tensors that come from outside, by buffer. */
  readonly inputs = new Map<BufferId, GraphTensor>();
  readonly #plan: Plan;
  readonly #values = new Map<string, { value: GraphValue; size: number }>();

  /** @param plan the plan whose calls will come. */
  constructor(plan: Plan) {
    this.#plan = plan;
    this.samples = plan.share.shares[plan.share.replica];
  }

  /** Translates one call. @throws NotTranslatable, after which the translator is of no use. */
  translate(call: KernelCall): void {
    const emit = emitters[call.kernel] as Emitter<KernelName> | undefined;
    if (emit === undefined) throw new NotTranslatable(`'${call.kernel}' has no form as a graph`);
    emit(this, call);
  }

  /** The value of a buffer as a tensor; one that nothing has computed yet becomes an input. */
  tensor(buffer: BufferId): GraphTensor {
    const value = this.#find(buffer);
    if (value?.kind === 'statistics') throw new NotTranslatable('statistics as data');
    if (value?.kind === 'product') {
      value.written ??= value.write(value.epilogue);
      return value.written;
    }
    return value ?? this.#input(buffer);
  }

  /** The value of a buffer if it is a product that nothing else has been done to. */
  product(buffer: BufferId): PendingProduct | undefined {
    const value = this.#find(buffer);
    return value?.kind === 'product' ? value : undefined;
  }

  /** The statistics in a buffer. */
  statistics(buffer: BufferId): Normalization {
    const value = this.#find(buffer);
    if (value?.kind === 'statistics') return value.normalization;
    throw new NotTranslatable('statistics that are not in the state');
  }

  /** The array of the state behind a buffer. */
  weights(buffer: BufferId): StateArray {
    const { region, offset, shape } = this.#plan.buffers[buffer];
    if (region !== 'state') throw new NotTranslatable('weights that are computed');
    return { offset, shape };
  }

  /** Says what a buffer holds from now on. */
  set(buffer: BufferId, value: GraphValue): void {
    const { shape, region } = this.#plan.buffers[buffer];
    if (region === 'state') throw new NotTranslatable('a change of the state');
    this.#values.set(this.#place(buffer), { value, size: sizeOf(shape) });
  }

  /** Says that a buffer holds a product with weights. */
  setProduct(
    buffer: BufferId,
    write: (epilogue: Epilogue) => GraphTensor,
    epilogue: Epilogue = {},
  ): void {
    this.set(buffer, { kind: 'product', write, epilogue });
  }

  /** y = operator(x, others), elementwise. */
  elementwise(
    operator: string,
    x: BufferId,
    y: BufferId,
    tail?: Shape,
    others: readonly string[] = [],
  ): void {
    const tensor = this.tensor(x);
    const form = tail ?? tensor.tail;
    this.set(y, this.graph.add(operator, [this.graph.form(tensor, form), ...others], form));
  }

  #place(buffer: BufferId): string {
    const { region, offset } = this.#plan.buffers[buffer];
    return `${region} ${offset}`;
  }

  #find(buffer: BufferId): GraphValue | undefined {
    const { region, shape } = this.#plan.buffers[buffer];
    if (region === 'state') throw new NotTranslatable('weights as data');
    const known = this.#values.get(this.#place(buffer));
    if (known === undefined) return undefined;
    if (known.size === sizeOf(shape)) return known.value;
    throw new NotTranslatable('a part of an array');
  }

  #input(buffer: BufferId): GraphTensor {
    const { shape } = this.#plan.buffers[buffer];
    if (shape[0] !== this.samples) throw new NotTranslatable('an array without samples');
    const tensor = this.graph.input(shape.slice(1));
    this.inputs.set(buffer, tensor);
    this.set(buffer, tensor);
    return tensor;
  }
}
