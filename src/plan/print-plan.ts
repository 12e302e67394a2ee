import { formatShape } from '../core/shape.js';
import { describeCall } from './describe-call.js';
import type { KernelCall } from './kernels.js';
import type { Plan, PlanBuffer } from './plan.js';

/** What `printPlan` adds to the calls. */
export interface PrintPlanOptions {
  /** Whether a table of all buffers follows. */
  buffers?: boolean;
}

const BYTES_PER_ELEMENT = 4;

/**
 * The plan as text, one line a call, equal for equal plans. `@16` is an offset in scratch, `@s16` one
 * in the state, both in elements.
 */
export function printPlan(plan: Plan, { buffers = false }: PrintPlanOptions = {}): string {
  const { replica, shares } = plan.share;
  const lines = [
    `plan '${plan.name}', replica ${replica} of ${shares.length}, shares [${shares.join(', ')}]`,
    `state ${megabytes(plan.stateSize)}, scratch ${megabytes(plan.scratchSize)}, ` +
      `${plan.buffers.length} buffers, ${plan.calls.length} calls`,
    ...plan.inputs.map(
      (input) =>
        `input ${input.name}: ${place(plan.buffers[input.buffer])} ` +
        `${shares[replica]} × ${formatShape(input.sampleShape)}`,
    ),
    ...plan.outputs.map(
      (output) => `output ${output.name}: ${place(plan.buffers[output.buffer])} ${output.kind}`,
    ),
    ...printCalls(plan),
    ...(buffers ? printBuffers(plan) : []),
  ];
  return `${lines.join('\n')}\n`;
}

function megabytes(elements: number): string {
  return `${((elements * BYTES_PER_ELEMENT) / 1e6).toFixed(2)} MB`;
}

function place(buffer: PlanBuffer | undefined): string {
  if (buffer === undefined) return '(no buffer)';
  return `${buffer.name}@${buffer.region === 'state' ? 's' : ''}${buffer.offset}`;
}

function printCalls(plan: Plan): string[] {
  const width = `${plan.calls.length}`.length;
  const kernelWidth = Math.max(0, ...plan.calls.map((call) => call.kernel.length));
  const operands = (ids: Readonly<Record<string, number | undefined>>) =>
    Object.entries(ids)
      .flatMap(([name, id]) => (id === undefined ? [] : [`${name}=${place(plan.buffers[id])}`]))
      .join(' ');
  let phase = '';
  return plan.calls.flatMap((call, index) => {
    const workspace =
      call.workspace === undefined ? '' : ` using ${place(plan.buffers[call.workspace])}`;
    const line = [
      `${index}`.padStart(width),
      call.kernel.padEnd(kernelWidth),
      `{${describeCall(call)}}`,
      `${operands(call.reads)} -> ${operands(call.writes)}${workspace}`,
      `# ${call.source}${condition(call)}`,
    ].join('  ');
    if (call.phase === phase) return [line];
    phase = call.phase;
    return [`${phase}:`, line];
  });
}

/** When the call runs, if not at every step. */
function condition({ every, gates = [] }: KernelCall): string {
  const states = gates.map(({ stream, rate, open }) => {
    return `, while gate ${stream} (${rate}) is ${open ? 'open' : 'closed'}`;
  });
  return [every === undefined ? '' : `, every ${every} steps`, ...states].join('');
}

function printBuffers(plan: Plan): string[] {
  return [
    'buffers:',
    ...plan.buffers.map(
      (buffer) => `${buffer.id}  ${place(buffer)}+${buffer.size} ${formatShape(buffer.shape)}`,
    ),
  ];
}
