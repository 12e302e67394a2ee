import { formatShape } from '../core/shape.js';
import { convAlgorithm } from './conv-workspace.js';
import type { Conv2dAttributes, KernelCall, Pool2dAttributes } from './kernels.js';

/** The attributes of a call as a person writes them: `[50, 14, 14, 64] * 3×3 / 1×1 -> [14, 14, 64] …`. */
export function describeCall(call: KernelCall): string {
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
        .map(([name, value]) => `${name}: ${described(value)}`)
        .join(', ');
  }
}

function described(value: unknown): string {
  if (!Array.isArray(value)) return String(value);
  return value.some((item) => typeof item === 'object') ? `${value.length}` : formatShape(value);
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
  parts.push(convAlgorithm(a));
  return parts.join(' ');
}

function pooling(a: Pool2dAttributes): string {
  const input = formatShape([a.batch, a.height, a.width, a.channels]);
  return (
    `${input} ${a.poolHeight}×${a.poolWidth} / ${a.strideHeight}×${a.strideWidth} -> ` +
    `[${a.outHeight}, ${a.outWidth}] pad ${a.padTop},${a.padLeft}`
  );
}
