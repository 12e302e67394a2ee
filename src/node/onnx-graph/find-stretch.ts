import type { BufferId, KernelCall } from '../../plan/kernels.js';
import type { Plan } from '../../plan/plan.js';
import { writesState } from '../../plan/writes-state.js';
import { type GraphTensor, type GraphWriter, NotTranslatable } from './graph-writer.js';
import { CallTranslator } from './translate-call.js';

/** Neighbouring calls of a plan as a graph. */
export interface Stretch {
  /** Place of the first call, and how many there are. */
  first: number;
  count: number;
  graph: GraphWriter;
  /** Buffers that the graph reads and fills, with their tensors. */
  inputs: readonly StretchPort[];
  outputs: readonly StretchPort[];
}

/** A buffer of the plan and the tensor for it. */
export interface StretchPort {
  buffer: BufferId;
  tensor: GraphTensor;
}

/** Kernels that make a graph worth its while. */
const PRODUCTS: ReadonlySet<string> = new Set(['conv2d', 'matmul']);

/**
 * The neighbouring calls with the most products that can be one graph. Undefined when there are none, when
 * the plan changes the state, so that its weights are not constants, or when an array is empty.
 */
export function findStretch(plan: Plan): Stretch | undefined {
  // Arrays without elements leave the number of samples open.
  if (writesState(plan) || plan.buffers.some(({ size }) => size === 0)) return undefined;
  let best: Stretch | undefined;
  let most = 0;
  for (let first = 0; first < plan.calls.length; ) {
    const end = reachFrom(plan, first);
    const stretch = longestUpTo(plan, first, end);
    const products = stretch === undefined ? 0 : productsOf(plan, first, stretch.count);
    if (products > most) [best, most] = [stretch, products];
    first = Math.max(end, first) + 1;
  }
  return best;
}

function productsOf({ calls }: Plan, first: number, count: number): number {
  return calls.slice(first, first + count).filter(({ kernel }) => PRODUCTS.has(kernel)).length;
}

/** The first place from `first` on whose call cannot be translated, or does not run in every step. */
function reachFrom(plan: Plan, first: number): number {
  const translator = new CallTranslator(plan);
  let end = first;
  const { calls } = plan;
  const isSteady = ({ gates, every }: KernelCall) => gates === undefined && every === undefined;
  while (
    end < calls.length &&
    isSteady(calls[end]) &&
    attempt(() => translator.translate(calls[end]))
  ) {
    end++;
  }
  return end;
}

/** The stretch that begins at `first` and ends as late as its results allow. */
function longestUpTo(plan: Plan, first: number, end: number): Stretch | undefined {
  for (let last = end; last > first; last--) {
    let stretch: Stretch | undefined;
    attempt(() => {
      stretch = translateStretch(plan, first, last);
    });
    if (stretch !== undefined) return stretch;
  }
  return undefined;
}

function translateStretch(plan: Plan, first: number, end: number): Stretch {
  const translator = new CallTranslator(plan);
  const written = new Map<string, BufferId>();
  for (const call of plan.calls.slice(first, end)) {
    translator.translate(call);
    for (const buffer of Object.values<BufferId>(call.writes)) {
      written.set(placeOf(plan, buffer), buffer);
    }
  }
  const outputs = [...written.values()]
    .filter((buffer) => isNeededAfter(plan, end, buffer))
    .map((buffer) => ({ buffer, tensor: translator.tensor(buffer) }));
  const inputs = [...translator.inputs].map(([buffer, tensor]) => ({ buffer, tensor }));
  return { first, count: end - first, graph: translator.graph, inputs, outputs };
}

/** Whether a call from `end` on, or the caller, reads what the buffer holds at `end`. */
function isNeededAfter(plan: Plan, end: number, buffer: BufferId): boolean {
  const place = placeOf(plan, buffer);
  const touches = (operands: object) =>
    Object.values<BufferId>(operands as Record<string, BufferId>).some(
      (other) => placeOf(plan, other) === place,
    );
  for (const { reads, writes } of plan.calls.slice(end)) {
    if (touches(reads)) return true;
    if (touches(writes)) return false;
  }
  return plan.outputs.some((output) => placeOf(plan, output.buffer) === place);
}

function placeOf({ buffers }: Plan, buffer: BufferId): string {
  const { region, offset } = buffers[buffer];
  return `${region} ${offset}`;
}

function attempt(action: () => void): boolean {
  try {
    action();
    return true;
  } catch (error) {
    if (error instanceof NotTranslatable) return false;
    throw error;
  }
}
