import type { Shape } from '../core/shape.js';
import type { IrGraph, LoweringScope, OptionalOperands, Value } from '../ops/ir.js';
import type { KernelChoice } from '../plan/kernel-choice.js';
import type { KernelName, KernelTable, Phase } from '../plan/kernels.js';

/** A kernel call over values that have no address yet. */
export interface LoweredCall {
  kernel: KernelName;
  reads: Readonly<Record<string, Value>>;
  writes: Readonly<Record<string, Value>>;
  attributes: KernelTable[KernelName]['attributes'];
  /** Elements of scratch needed during the call. */
  workspace: number;
  source: string;
  phase: Phase;
  /** It runs only at steps that this divides. */
  every?: number;
}

/** A step as kernel calls, and which values are views of which. */
export interface LoweredStep {
  graph: IrGraph;
  calls: LoweredCall[];
  views: Map<number, Value>;
}

function present(operands: OptionalOperands): Record<string, Value> {
  const result: Record<string, Value> = {};
  for (const [name, value] of Object.entries(operands)) {
    if (value !== undefined) result[name] = value;
  }
  return result;
}

/** Turns every operation into kernel calls by its own rule, and as the executor favours. */
export function lower(graph: IrGraph, choice: KernelChoice): LoweredStep {
  const calls: LoweredCall[] = [];
  const views = new Map<number, Value>();
  for (const operation of graph.operations) {
    const { definition, inputs, outputs, attributes, source, phase, every } = operation;
    const scope: LoweringScope<unknown> = {
      inputs,
      outputs,
      attributes,
      share: graph.share,
      choice,
      call(kernel, reads, writes, kernelAttributes, workspace = 0) {
        calls.push({
          kernel,
          reads: present(reads),
          writes: present(writes),
          attributes: kernelAttributes,
          workspace,
          source,
          phase,
          ...(every !== undefined && { every }),
        });
      },
      temporary: (name: string, shape: Shape) => graph.value(`${source}.${name}`, shape),
      view(view, target) {
        views.set(view.id, target);
      },
    };
    definition.lower(scope);
  }
  return { graph, calls, views };
}
