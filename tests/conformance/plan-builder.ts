import type { Shape } from '../../src/core/shape.js';
import { sizeOf } from '../../src/core/shape.js';
import { kernelSpecs } from '../../src/plan/kernel-spec.js';
import type { BufferId, KernelCall, KernelName, KernelTable } from '../../src/plan/kernels.js';
import { BUFFER_ALIGNMENT, type Plan, type PlanOutput } from '../../src/plan/plan.js';
import type { StateLayout } from '../../src/plan/state-layout.js';

function align(size: number): number {
  return Math.ceil(size / BUFFER_ALIGNMENT) * BUFFER_ALIGNMENT;
}

/** Writes a plan by hand, call by call; buffers never share memory unless asked to. */
export class PlanBuilder {
  readonly #plan: Plan;

  /** @param layout the state that `state` refers to. */
  constructor(
    name: string,
    replica: number,
    shares: readonly number[],
    readonly layout: StateLayout = layoutOf(shares.length, {}),
  ) {
    this.#plan = {
      version: 1,
      name,
      share: { replica, shares: [...shares] },
      stateSize: layout.size,
      scratchSize: 0,
      buffers: [],
      inputs: [],
      outputs: [],
      calls: [],
      fusions: [],
    };
  }

  /** A range of the state. */
  state(name: string): BufferId {
    const entry = [...this.layout.entries, ...this.layout.slots].find((e) => e.name === name);
    if (entry === undefined) throw new Error(`the layout has no entry '${name}'`);
    return this.#buffer(name, [entry.size], 'state', entry.offset);
  }

  /** The contiguous range of all weights or gradients. */
  range(name: 'trainable' | 'gradients'): BufferId {
    const { offset, size } = this.layout[name];
    return this.#buffer(name, [size], 'state', offset);
  }

  scratch(name: string, shape: Shape): BufferId {
    const id = this.#buffer(name, shape, 'scratch', this.#plan.scratchSize);
    this.#plan.scratchSize += align(sizeOf(shape));
    return id;
  }

  /** A buffer that the caller fills: this replica's share of samples of the given shape. */
  input(name: string, sampleShape: Shape): BufferId {
    const { replica, shares } = this.#plan.share;
    const buffer = this.scratch(name, [shares[replica], ...sampleShape]);
    this.#plan.inputs.push({ name, buffer, sampleShape });
    return buffer;
  }

  output(name: string, buffer: BufferId, kind: PlanOutput['kind']): void {
    this.#plan.outputs.push({ name, buffer, kind });
  }

  call<K extends KernelName>(
    kernel: K,
    reads: Readonly<Record<string, BufferId>>,
    writes: Readonly<Record<string, BufferId>>,
    attributes: KernelTable[K]['attributes'],
  ): void {
    const size = kernelSpecs[kernel].workspace(attributes);
    const workspace = size === 0 ? undefined : this.scratch('workspace', [size]);
    const call = { kernel, reads, writes, attributes, workspace, source: 'test', phase: 'forward' };
    // The validator checks what the types cannot here: that the operands are the kernel's.
    this.#plan.calls.push(call as unknown as KernelCall);
  }

  sizeOf(buffer: BufferId): number {
    return this.#plan.buffers[buffer].size;
  }

  build(): Plan {
    return this.#plan;
  }

  #buffer(name: string, shape: Shape, region: 'state' | 'scratch', offset: number): BufferId {
    const id = this.#plan.buffers.length;
    this.#plan.buffers.push({ id, name, shape, size: sizeOf(shape), region, offset });
    return id;
  }
}

/** What `layoutOf` puts into a state: sizes of entries by name. */
export interface LayoutParts {
  weights?: Readonly<Record<string, number>>;
  /** Weights that an optimizer updates; each has a gradient `<name>/gradient`. */
  trainable?: Readonly<Record<string, number>>;
  /** Names of optimizer slots. */
  slots?: readonly string[];
  /** Elements of the trainable range that each replica updates. */
  shardCounts?: readonly number[];
}

/** Lays out a state for so many replicas. */
export function layoutOf(replicas: number, parts: LayoutParts): StateLayout {
  const { weights = {}, trainable = {}, slots = [] } = parts;
  const counts = [...(parts.shardCounts ?? Array.from({ length: replicas }, () => 0))];
  const entries: StateLayout['entries'] = [];
  let end = 0;
  const place = (
    sizes: Readonly<Record<string, number>>,
    role: 'weight' | 'gradient',
    suffix: string,
  ) => {
    const offset = end;
    for (const [name, size] of Object.entries(sizes)) {
      entries.push({ name: name + suffix, role, shape: [size], offset: end, size });
      end += align(size);
    }
    return { offset, size: end - offset };
  };
  place(weights, 'weight', '');
  const trainableRange = place(trainable, 'weight', '');
  const gradients = place(trainable, 'gradient', '/gradient');
  const largest = Math.max(...counts);
  const slotRanges = slots.map((name, k) => ({
    name,
    offset: end + k * align(largest),
    size: largest,
  }));
  return {
    size: end + slots.length * align(largest),
    entries,
    trainable: trainableRange,
    gradients,
    slots: slotRanges,
    shards: {
      starts: counts.map((_, r) => counts.slice(0, r).reduce((a, b) => a + b, 0)),
      counts,
    },
  };
}
