import { GraphError } from '../core/errors.js';
import { sizeOf } from '../core/shape.js';
import type { Value } from '../ops/ir.js';
import { kernelSpec } from '../plan/kernel-spec.js';
import type { BufferId, KernelCall } from '../plan/kernels.js';
import { BUFFER_ALIGNMENT, type Plan, type PlanBuffer } from '../plan/plan.js';
import type { StateEntry, StateLayout } from '../plan/state-layout.js';
import type { LoweredStep } from './lower.js';

/** A piece of memory: in the state at a fixed place, or in scratch while it is alive. */
interface Storage {
  size: number;
  state: StateEntry | undefined;
  /** First and last call that needs it; -1 is before the first. */
  first: number;
  last: number;
  offset: number;
  /** Fed by the caller: kernels must not write over it. */
  fed: boolean;
}

/**
 * Gives every value its place: values of the state where the layout says, all others in one scratch
 * arena, in which arrays that are never alive together share memory. Where a kernel allows it and the
 * operand dies there, the result takes the operand's place.
 */
export function planMemory(step: LoweredStep, layout: StateLayout, name: string): Plan {
  const planner = new MemoryPlanner(step, layout);
  planner.collect();
  planner.shareInPlace();
  const scratchSize = placeStorages(planner.storages());
  return planner.plan(name, scratchSize);
}

class MemoryPlanner {
  readonly #step: LoweredStep;
  readonly #layout: StateLayout;
  readonly #entries: Map<string, StateEntry>;
  readonly #storages = new Map<number, Storage>();
  readonly #workspaces = new Map<number, Storage>();

  constructor(step: LoweredStep, layout: StateLayout) {
    this.#step = step;
    this.#layout = layout;
    this.#entries = new Map(layout.entries.map((entry) => [entry.name, entry]));
  }

  /** Finds every storage and when it is alive. */
  collect(): void {
    const { graph, calls } = this.#step;
    for (const { value } of graph.inputs) {
      this.#storages.set(value.id, { ...newStorage(value), fed: true });
    }
    for (const { value, entry } of [...graph.variables, ...graph.updates]) {
      this.#storages.set(value.id, { ...newStorage(value), state: this.#entry(entry) });
    }
    calls.forEach((call, at) => {
      for (const value of [...Object.values(call.reads), ...Object.values(call.writes)]) {
        this.#use(value, at);
      }
      if (call.workspace > 0) {
        const storage = { size: call.workspace, state: undefined, first: at, last: at, offset: 0 };
        this.#workspaces.set(at, { ...storage, fed: false });
      }
    });
    for (const { value } of graph.results) this.#use(value, calls.length);
  }

  /** Lets results take the place of operands that die. */
  shareInPlace(): void {
    this.#step.calls.forEach((call, at) => {
      const spec = kernelSpec(call.kernel);
      const taken = new Set<Storage>();
      for (const [writeName, value] of Object.entries(call.writes)) {
        const rules: Partial<Record<string, readonly string[]>> = spec?.mayAlias ?? {};
        const target = this.#storage(value);
        if (target.state !== undefined || target.first !== at) continue;
        const allowed = rules[writeName] ?? [];
        const fixed = Object.entries(call.reads)
          .filter(([readName]) => !allowed.includes(readName))
          .map(([, read]) => this.#storage(read));
        const candidate = allowed
          .flatMap((readName) => call.reads[readName] ?? [])
          .map((read) => this.#storage(read))
          .find((source) => {
            return canTake(source, target, at) && !taken.has(source) && !fixed.includes(source);
          });
        if (candidate === undefined) continue;
        taken.add(candidate);
        candidate.last = target.last;
        // Nothing else lies in a place that is written first here.
        this.#storages.set(this.#root(value).id, candidate);
      }
    });
  }

  /** All storages of the scratch arena. */
  storages(): Storage[] {
    const all = new Set([...this.#storages.values(), ...this.#workspaces.values()]);
    return [...all].filter((storage) => storage.state === undefined);
  }

  /** The finished plan. */
  plan(name: string, scratchSize: number): Plan {
    const { graph, calls } = this.#step;
    const buffers: PlanBuffer[] = [];
    const ids = new Map<number, BufferId>();
    const add = (label: string, shape: readonly number[], storage: Storage): BufferId => {
      const region = storage.state === undefined ? 'scratch' : 'state';
      const { offset } = storage.state ?? storage;
      const id = buffers.length;
      buffers.push({ id, name: label, shape, size: sizeOf(shape), region, offset });
      return id;
    };
    const idOf = (value: Value): BufferId => {
      const known = ids.get(value.id);
      if (known !== undefined) return known;
      const id = add(value.name, value.shape, this.#storage(value));
      ids.set(value.id, id);
      return id;
    };
    const operands = (values: Readonly<Record<string, Value>>) =>
      Object.fromEntries(Object.entries(values).map(([key, value]) => [key, idOf(value)]));
    const inputs = graph.inputs.map(({ value, name: label }) => {
      return { name: label, buffer: idOf(value), sampleShape: value.shape.slice(1) };
    });
    const planned = calls.map((call, at): KernelCall => {
      const workspace = this.#workspaces.get(at);
      return {
        kernel: call.kernel,
        reads: operands(call.reads),
        writes: operands(call.writes),
        attributes: call.attributes,
        ...(workspace && { workspace: add('workspace', [workspace.size], workspace) }),
        ...(call.every !== undefined && { every: call.every }),
        ...(call.gates !== undefined && { gates: call.gates }),
        source: call.source,
        phase: call.phase,
      } as KernelCall;
    });
    const outputs = graph.results.map(({ value, name: label, kind }) => {
      return { name: label, buffer: idOf(value), kind };
    });
    const { replica, shares } = graph.share;
    return {
      version: 1,
      name,
      share: { replica, shares: [...shares] },
      stateSize: this.#layout.size,
      scratchSize,
      buffers,
      inputs,
      outputs,
      calls: planned,
      fusions: [...graph.fusions],
    };
  }

  #entry(name: string): StateEntry {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw new GraphError(`the state has no entry '${name}'`);
    return entry;
  }

  /** The value that a view looks at. */
  #root(value: Value): Value {
    let root = value;
    for (;;) {
      const next = this.#step.views.get(root.id);
      if (next === undefined) return root;
      root = next;
    }
  }

  #storage(value: Value): Storage {
    const root = this.#root(value);
    let storage = this.#storages.get(root.id);
    if (storage === undefined) {
      storage = newStorage(root);
      this.#storages.set(root.id, storage);
    }
    return storage;
  }

  #use(value: Value, at: number): void {
    const storage = this.#storage(value);
    if (!storage.fed) storage.first = Math.min(storage.first, at);
    storage.last = Math.max(storage.last, at);
  }
}

function newStorage(value: Value): Storage {
  const size = sizeOf(value.shape);
  return {
    size,
    state: undefined,
    first: Number.MAX_SAFE_INTEGER,
    last: -1,
    offset: 0,
    fed: false,
  };
}

function canTake(source: Storage, target: Storage, at: number): boolean {
  const free = source.state === undefined && !source.fed && source.last === at;
  return free && source !== target && source.size === target.size;
}

/**
 * Places storages, largest first, each at the lowest offset where it meets no other that is alive at
 * the same time. Returns the size of the arena in elements.
 */
function placeStorages(storages: readonly Storage[]): number {
  const order = [...storages].sort((a, b) => b.size - a.size || a.first - b.first);
  /** In the order of their offsets. */
  const placed: Storage[] = [];
  let arena = 0;
  for (const storage of order) {
    if (storage.fed) storage.first = -1;
    let offset = 0;
    for (const rival of placed) {
      if (rival.first > storage.last || storage.first > rival.last) continue;
      if (offset + storage.size <= rival.offset) break;
      const end = rival.offset + rival.size;
      offset = Math.max(offset, Math.ceil(end / BUFFER_ALIGNMENT) * BUFFER_ALIGNMENT);
    }
    storage.offset = offset;
    arena = Math.max(arena, offset + storage.size);
    const next = placed.findIndex((other) => other.offset > offset);
    placed.splice(next < 0 ? placed.length : next, 0, storage);
  }
  return Math.ceil(arena / BUFFER_ALIGNMENT) * BUFFER_ALIGNMENT;
}
