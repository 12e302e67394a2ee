import { formatShape } from '../core/shape.js';
import type { Conv2dAttributes, KernelCall, Pool2dAttributes } from './kernels.js';
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
      `{${attributesOf(call)}}`,
      `${operands(call.reads)} -> ${operands(call.writes)}${workspace}`,
      `# ${call.source}`,
    ].join('  ');
    if (call.phase === phase) return [line];
    phase = call.phase;
    return [`${phase}:`, line];
  });
}

function attributesOf(call: KernelCall): string {
  switch (call.kernel) {
    case 'conv2d':
    case 'conv2dInputGradient':
    case 'conv2dFilterGradient':
      return convolution(call.attributes);
    case 'maxPool':
    case 'maxPoolGradient':
    case 'averagePool':
    case 'averagePoolGradient':
      return pooling(call.attributes);
    default:
      return Object.entries(call.attributes)
        .map(([name, value]) => `${name}: ${Array.isArray(value) ? formatShape(value) : value}`)
        .join(', ');
  }
}

function convolution(a: Conv2dAttributes): string {
  const parts = [
    `${formatShape([a.batch, a.height, a.width, a.channels])} * ${a.kernelHeight}×${a.kernelWidth}`,
    `/ ${a.strideHeight}×${a.strideWidth} -> [${a.outHeight}, ${a.outWidth}, ${a.filters}]`,
    `pad ${a.padTop},${a.padLeft}`,
  ];
  if (a.dilationHeight !== 1 || a.dilationWidth !== 1) {
    parts.push(`dilation ${a.dilationHeight}×${a.dilationWidth}`);
  }
  if (a.groups !== 1) parts.push(`groups ${a.groups}`);
  parts.push(a.algorithm === 'im2col' ? `im2col by ${a.imagesPerChunk}` : a.algorithm);
  return parts.join(' ');
}

function pooling(a: Pool2dAttributes): string {
  const input = formatShape([a.batch, a.height, a.width, a.channels]);
  return (
    `${input} ${a.poolHeight}×${a.poolWidth} / ${a.strideHeight}×${a.strideWidth} -> ` +
    `[${a.outHeight}, ${a.outWidth}] pad ${a.padTop},${a.padLeft}`
  );
}

function printBuffers(plan: Plan): string[] {
  return [
    'buffers:',
    ...plan.buffers.map(
      (buffer) => `${buffer.id}  ${place(buffer)}+${buffer.size} ${formatShape(buffer.shape)}`,
    ),
  ];
}
