import { ShapeError } from '../core/errors.js';
import { formatShape, type Shape, sizeOf } from '../core/shape.js';
import type { Gate } from '../plan/gate.js';
import type { KernelChoice } from '../plan/kernel-choice.js';
import type { KernelName, KernelTable, Phase } from '../plan/kernels.js';
import type { PlanFusion } from '../plan/plan.js';

/** An array inside a step that is being described: a shape, and the operation that will compute it. */
export interface Value {
  /** Number of the value in its graph. */
  readonly id: number;
  /** Sizes of all axes, the batch first where there is one. */
  readonly shape: Shape;
  /** The step that it belongs to. */
  readonly graph: IrGraph;
  /** A short name for plans and messages. */
  readonly name: string;
}

/** Arrays by operand name. */
export type Operands = Readonly<Record<string, Value>>;

/** Gradients, or other arrays that may be absent, by operand name. */
export type OptionalOperands = Readonly<Record<string, Value | undefined>>;

/** One operation of a step. */
export interface Operation {
  readonly definition: OpDefinition<unknown>;
  readonly inputs: Operands;
  readonly outputs: Operands;
  readonly attributes: unknown;
  /** The layer that asked for it. */
  readonly source: string;
  readonly phase: Phase;
  /** It runs only at steps that this divides; see `KernelCall`. */
  readonly every?: number;
  /** It runs only while all these gates are open; else nobody reads its outputs. */
  readonly gates?: readonly Gate[];
}

/** What a gradient rule sees: the operation and the gradients of its outputs (absent where zero). */
export interface GradientScope<A> {
  readonly graph: IrGraph;
  readonly inputs: Operands;
  readonly outputs: Operands;
  readonly attributes: A;
  readonly douts: OptionalOperands;
  /** Whether anybody wants the gradient of this input. */
  needs(input: string): boolean;
}

/** What a lowering rule writes to: kernel calls in order, and views. */
export interface LoweringScope<A> {
  readonly inputs: Operands;
  readonly outputs: Operands;
  readonly attributes: A;
  readonly share: BatchShare;
  /** What the executor favours. */
  readonly choice: KernelChoice;
  /** Appends a kernel call. `workspace` counts elements of scratch that the call may use. */
  call<K extends KernelName>(
    kernel: K,
    reads: OptionalOperands,
    writes: OptionalOperands,
    attributes: KernelTable[K]['attributes'],
    workspace?: number,
  ): void;
  /** A temporary array. */
  temporary(name: string, shape: Shape): Value;
  /** Lets `view` stand for the same elements as `source`, without a copy. */
  view(view: Value, source: Value): void;
  /** Lets the calls that `emit` appends run only in steps in which the gate is so. */
  when(gate: Gate, open: boolean, emit: () => void): void;
  /**
   * Whether an operation computes the input for this one alone, and only while the gate is open, so that it
   * may be a view of an output.
   */
  isOwn(input: Value, gate: Gate): boolean;
}

/**
 * Everything the library knows of an operation: shapes, gradient, cost and kernels. Passes read these
 * properties and never ask for an operation by name.
 */
export interface OpDefinition<A> {
  readonly name: string;
  /** Output shapes by name; throws `ShapeError` when the inputs do not fit. */
  infer(inputs: Readonly<Record<string, Shape>>, attributes: A): Record<string, Shape>;
  /** Gradients of the inputs; absent for operations that have none. */
  gradient?(scope: GradientScope<A>): OptionalOperands;
  /** Multiply-adds of useful work, counted as 2 each; elementwise work counts as 0. */
  flops?(inputs: Readonly<Record<string, Shape>>, attributes: A): number;
  /** An optional input that the operation adds to an output, so that an addition can be fused into it. */
  readonly accumulator?: { readonly input: string; readonly output: string };
  /** Whether the output is the input's own elements under another shape. */
  readonly view?: boolean;
  /** An input that is read only while a gate is open: what it alone needs need not run in other steps. */
  gated?(attributes: A): { readonly input: string; readonly gate: Gate };
  /** Emits the kernels that compute the operation. */
  lower(scope: LoweringScope<A>): void;
}

/** Which samples of a batch a replica computes. */
export interface BatchShare {
  readonly replica: number;
  /** Samples of every replica, in order. */
  readonly shares: readonly number[];
}

/** Samples of this replica. */
export function localBatch(share: BatchShare): number {
  return share.shares[share.replica];
}

/** Samples of all replicas. */
export function globalBatch(share: BatchShare): number {
  return share.shares.reduce((sum, count) => sum + count, 0);
}

/** Samples of the replicas before this one. */
export function batchOffset(share: BatchShare): number {
  return share.shares.slice(0, share.replica).reduce((sum, count) => sum + count, 0);
}

/** Where a value that no operation computes comes from, or where a computed one must be stored. */
export interface StateBinding {
  readonly value: Value;
  /** Name of the state entry. */
  readonly entry: string;
}

/**
 * The intermediate representation of one replica's step: operations in execution order, over values
 * with fixed shapes. Passes take one and give one.
 */
export class IrGraph {
  /** Which samples this replica computes. */
  readonly share: BatchShare;
  /** All operations, each after those that compute its inputs; passes replace the list. */
  operations: Operation[] = [];
  /** Values that the caller feeds, in the order of their declaration. */
  readonly inputs: { readonly value: Value; readonly name: string }[] = [];
  /** Values read from the state. */
  readonly variables: StateBinding[] = [];
  /** Computed values that the step stores in the state. */
  readonly updates: StateBinding[] = [];
  /** Values handed back to the caller. */
  readonly results: {
    readonly value: Value;
    readonly name: string;
    readonly kind: 'scalar' | 'batch' | 'replicated';
  }[] = [];
  /** What passes made one of two, for people to see. */
  readonly fusions: PlanFusion[] = [];
  /** The layer on whose behalf operations are being added. */
  source = '';
  /** The phase of operations being added. */
  phase: Phase = 'forward';
  /** Operations being added run only at steps that this divides. */
  every = 1;
  /** Operations being added run only while all these gates are open. */
  gates: readonly Gate[] = [];
  #values = 0;

  /** @param share which samples this replica computes. */
  constructor(share: BatchShare) {
    this.share = share;
  }

  /** A new value that nothing computes yet. */
  value(name: string, shape: Shape): Value {
    return { id: this.#values++, shape, graph: this, name };
  }

  /** Notes that `into` does the work of `absorbed` too, which passes drop. */
  noteFusion(rule: string, into: Operation, absorbed: Operation): void {
    const { source: layer, phase } = into;
    this.fusions.push({ rule, layer, absorbed: absorbed.source, phase });
  }

  /** How many values there are; ids are below it. */
  get valueCount(): number {
    return this.#values;
  }

  /** Declares an array that the caller feeds, `[local batch, ...sampleShape]`. */
  input(name: string, sampleShape: Shape): Value {
    const value = this.value(name, [localBatch(this.share), ...sampleShape]);
    this.inputs.push({ value, name });
    return value;
  }

  /** Declares an array kept in the state under `entry`. */
  variable(entry: string, shape: Shape): Value {
    const value = this.value(entry, shape);
    this.variables.push({ value, entry });
    return value;
  }

  /**
   * Appends an operation and returns its outputs.
   * @throws {ShapeError} when the inputs do not fit, naming the layer.
   */
  add<A>(definition: OpDefinition<A>, inputs: OptionalOperands, attributes: A): Operands {
    const present: Record<string, Value> = {};
    const shapes: Record<string, Shape> = {};
    for (const [name, value] of Object.entries(inputs)) {
      if (value === undefined) continue;
      present[name] = value;
      shapes[name] = value.shape;
    }
    let inferred: Record<string, Shape>;
    try {
      inferred = definition.infer(shapes, attributes);
    } catch (error) {
      if (error instanceof ShapeError && this.source !== '') {
        throw new ShapeError(`layer '${this.source}': ${error.message}`);
      }
      throw error;
    }
    const outputs: Record<string, Value> = {};
    for (const [name, shape] of Object.entries(inferred)) {
      outputs[name] = this.value(this.source === '' ? name : `${this.source}.${name}`, shape);
    }
    this.operations.push({
      definition,
      inputs: present,
      outputs,
      attributes,
      source: this.source,
      phase: this.phase,
      ...(this.every > 1 && { every: this.every }),
      ...(this.gates.length > 0 && { gates: this.gates }),
    });
    return outputs;
  }
}

/**
 * Lowers to one kernel whose operands have the operation's own names.
 * @param scope the operation. @param kernel the kernel. @param attributes its attributes.
 */
export function lowerToKernel<K extends KernelName>(
  scope: LoweringScope<unknown>,
  kernel: K,
  attributes: KernelTable[K]['attributes'],
  workspace?: number,
): void {
  scope.call(kernel, scope.inputs, scope.outputs, attributes, workspace);
}

/** Rows and channels of an array whose last axis holds the channels. */
export function rowsAndChannels(shape: Shape): { rows: number; channels: number } {
  const channels = shape.length === 0 ? 1 : shape[shape.length - 1];
  return { rows: sizeOf(shape.slice(0, -1)), channels };
}

/** Throws unless the shape has the rank that `what` needs. */
export function requireRank(shape: Shape, rank: number, what: string): void {
  if (shape.length === rank) return;
  throw new ShapeError(
    `${what} needs an input of rank ${rank} with the batch first, but got shape ${formatShape(shape)}`,
  );
}
