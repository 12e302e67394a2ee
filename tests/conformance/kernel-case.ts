import { kernelSpecs } from '../../src/plan/kernel-spec.js';
import type { BufferId, KernelName, KernelTable } from '../../src/plan/kernels.js';
import type { Plan } from '../../src/plan/plan.js';
import type { StateLayout } from '../../src/plan/state-layout.js';
import type { RunParameters } from '../../src/runtime/executor.js';
import { layoutOf, PlanBuilder } from './plan-builder.js';

/** Contents of a read operand. */
export interface CaseOperand {
  values: Float32Array;
  /** `batch`: cut into the replicas' shares. `same`: all of it on every replica, in the state. */
  kind: 'batch' | 'same';
}

/**
 * How results are compared. `relative`: by the relative L2 distance. `exact`: bit by bit, for copies
 * and for sums of whole numbers. `zeros`: `relative`, and exactly the same elements are 0.
 */
export type Comparison = 'relative' | 'exact' | 'zeros';

/** One call of a kernel with its data; the results of all replicas are compared. */
export interface KernelCase<K extends KernelName> {
  title: string;
  /** Samples of each replica; one replica with everything unless given. */
  shares?: readonly number[];
  attributes: (replica: number) => KernelTable[K]['attributes'];
  reads: Record<KernelTable[K]['reads'], CaseOperand> &
    Partial<Record<KernelTable[K]['optionalReads'], CaseOperand>>;
  /** Which read a write takes its memory from. */
  inPlace?: Partial<
    Record<
      KernelTable[K]['writes'] | KernelTable[K]['optionalWrites'],
      KernelTable[K]['reads'] | KernelTable[K]['optionalReads']
    >
  >;
  optionalWrites?: readonly KernelTable[K]['optionalWrites'][];
  parameters?: Partial<RunParameters>;
  compare?: Comparison;
  /** Which elements of every result count, where the kernel leaves the others undefined. */
  region?: (replica: number) => { start: number; count: number };
}

/** Everything an executor needs to run a case. */
export interface RunnableCase {
  layout: StateLayout;
  state: Map<string, Float32Array>;
  plans: Plan[];
  inputs: Float32Array[];
  parameters: RunParameters;
}

/** An operand that is split among the replicas. */
export function batch(values: Float32Array): CaseOperand {
  return { values, kind: 'batch' };
}

/** An operand that all replicas have. */
export function same(values: Float32Array): CaseOperand {
  return { values, kind: 'same' };
}

/** Number that results hold before the kernel runs, so that elements it forgets are noticed. */
const STALE = 7;

/** Makes plans and data of a case: fetch operands that are written in place, soil results, call. */
export function buildCase<K extends KernelName>(kernel: K, spec: KernelCase<K>): RunnableCase {
  const shares = spec.shares ?? [1];
  const samples = shares.reduce((a, b) => a + b, 0);
  const operands = Object.entries<CaseOperand>(spec.reads);
  const sameOperands = operands.filter(([, { kind }]) => kind === 'same');
  const batchOperands = operands.filter(([, { kind }]) => kind === 'batch');
  const layout = layoutOf(shares.length, {
    weights: Object.fromEntries(sameOperands.map(([name, { values }]) => [name, values.length])),
  });
  const plans = shares.map((_, replica) => {
    const builder = new PlanBuilder(`${kernel}: ${spec.title}`, replica, shares, layout);
    const reads: Record<string, BufferId> = {};
    for (const [name] of sameOperands) reads[name] = builder.state(name);
    for (const [name, { values }] of batchOperands) {
      reads[name] = builder.input(name, [samples === 0 ? 0 : values.length / samples]);
    }
    addCall(builder, kernel, spec, replica, reads);
    return builder.build();
  });
  return {
    layout,
    state: new Map(sameOperands.map(([name, { values }]) => [name, values])),
    plans,
    inputs: batchOperands.map(([, { values }]) => values),
    parameters: { step: 1, learningRate: 0.01, seed: 5, ...spec.parameters },
  };
}

function addCall<K extends KernelName>(
  builder: PlanBuilder,
  kernel: K,
  spec: KernelCase<K>,
  replica: number,
  reads: Record<string, BufferId>,
): void {
  const attributes = spec.attributes(replica);
  const { sizes, optional, inPlace } = kernelSpecs[kernel];
  const shared: Readonly<Record<string, string | undefined>> = { ...inPlace, ...spec.inPlace };
  const chosen: readonly string[] = spec.optionalWrites ?? [];
  const writes: Record<string, BufferId> = {};
  const replicas = builder.build().share.shares.length;
  for (const [name, size] of Object.entries(sizes(attributes, replicas).writes)) {
    if ((optional as readonly string[]).includes(name) && !chosen.includes(name)) continue;
    const source = shared[name];
    if (source !== undefined) {
      writes[name] = copy(builder, source, reads[source]);
      reads[source] = writes[name];
    } else if (typeof size === 'number') {
      writes[name] = builder.scratch(name, [size]);
      builder.call('fill', {}, { y: writes[name] }, { size, value: STALE });
    }
  }
  builder.call(kernel, reads, writes, attributes);
  const region = spec.region?.(replica);
  for (const [name, buffer] of Object.entries(writes)) {
    const result = region ? copy(builder, name, buffer, region.start, region.count) : buffer;
    builder.output(name, result, 'batch');
  }
}

/** Copies elements [start, start + size) to new scratch. */
function copy(
  builder: PlanBuilder,
  name: string,
  source: BufferId,
  start = 0,
  size = builder.sizeOf(source),
): BufferId {
  const target = builder.scratch(`copy of ${name}`, [size]);
  const strides = [size, size, size, 1];
  builder.call(
    'stridedCopy',
    { x: source },
    { y: target },
    {
      shape: [1, 1, 1, size],
      sourceOffset: start,
      sourceStrides: strides,
      targetOffset: 0,
      targetStrides: strides,
      targetSize: size,
      clear: false,
    },
  );
  return target;
}
