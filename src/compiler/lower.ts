import type { Shape } from '../core/shape.js';
import type { IrGraph, LoweringScope, OptionalOperands, Value } from '../ops/ir.js';
import { type Gate, type GateState, hasGate, sameGates, withGate } from '../plan/gate.js';
import type { KernelChoice } from '../plan/kernel-choice.js';
import type { KernelName, KernelTable, Phase } from '../plan/kernels.js';
import { Consumers } from './consumers.js';

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
  /** It runs only in steps in which all these gates are so. */
  gates?: readonly GateState[];
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
  const consumers = new Consumers(graph);
  for (const operation of graph.operations) {
    const { definition, inputs, outputs, attributes, source, phase, every } = operation;
    const around = operation.gates ?? [];
    let states: readonly GateState[] = around.map((gate) => ({ ...gate, open: true }));
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
          ...(states.length > 0 && { gates: states }),
        });
      },
      temporary: (name: string, shape: Shape) => graph.value(`${source}.${name}`, shape),
      view(view, target) {
        views.set(view.id, target);
      },
      when(gate, open, emit) {
        if (hasGate(around, gate)) {
          if (open) emit();
          return;
        }
        const outside = states;
        states = [...outside, { ...gate, open }];
        emit();
        states = outside;
      },
      isOwn(input: Value, gate: Gate) {
        const producer = consumers.producer(input);
        if (producer === undefined || producer.definition.view) return false;
        const alone = consumers.soleReader(input) === operation;
        return alone && sameGates(producer.gates, withGate(around, gate));
      },
    };
    definition.lower(scope);
  }
  return { graph, calls, views };
}
