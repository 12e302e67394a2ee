import type { Pool2dAttributes } from '../../../plan/kernels.js';
import type { Binder } from '../binding.js';

type Geometry = readonly [
  batch: number,
  height: number,
  width: number,
  channels: number,
  poolHeight: number,
  poolWidth: number,
  strideHeight: number,
  strideWidth: number,
  padTop: number,
  padLeft: number,
  outHeight: number,
  outWidth: number,
];

/** The attributes in the order in which the pooling kernels take them. */
function geometry(a: Pool2dAttributes): Geometry {
  return [
    a.batch,
    a.height,
    a.width,
    a.channels,
    a.poolHeight,
    a.poolWidth,
    a.strideHeight,
    a.strideWidth,
    a.padTop,
    a.padLeft,
    a.outHeight,
    a.outWidth,
  ];
}

/** y = maxima over the windows. */
export const bindMaxPool: Binder<'maxPool'> = ({ reads, writes, attributes }, context) => {
  const x = context.address(reads.x);
  const y = context.address(writes.y);
  return context.kernels.maxPool_f32.bind(null, x, y, ...geometry(attributes));
};

/** dx = dy at the first maximum of each window. */
export const bindMaxPoolGradient: Binder<'maxPoolGradient'> = (
  { reads, writes, attributes },
  context,
) => {
  const x = context.address(reads.x);
  const y = context.address(reads.y);
  const dy = context.address(reads.dy);
  const dx = context.address(writes.dx);
  return context.kernels.maxPoolGradient_f32.bind(null, x, y, dy, dx, ...geometry(attributes));
};

/** y = means over the windows. */
export const bindAveragePool: Binder<'averagePool'> = ({ reads, writes, attributes }, context) => {
  const x = context.address(reads.x);
  const y = context.address(writes.y);
  return context.kernels.averagePool_f32.bind(null, x, y, ...geometry(attributes));
};

/** dx = dy spread evenly over the windows. */
export const bindAveragePoolGradient: Binder<'averagePoolGradient'> = (
  { reads, writes, attributes },
  context,
) => {
  const dy = context.address(reads.dy);
  const dx = context.address(writes.dx);
  return context.kernels.averagePoolGradient_f32.bind(null, dy, dx, ...geometry(attributes));
};
