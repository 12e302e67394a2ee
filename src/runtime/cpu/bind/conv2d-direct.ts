import { planDirectWorkspace } from '../../../plan/conv-workspace.js';
import type { Conv2dAttributes } from '../../../plan/kernels.js';
import type { BindContext } from '../binding.js';
import type { BoundCall } from '../bound-call.js';
import { bindZero } from './zero.js';

/*
 * With few channels, patches cost more than their products: here every image is copied once, into a
 * frame of zeros, and the kernels of `kernels/conv-direct.ts` go over it where it lies.
 */

/** y (+)= x · w, image by image. */
export function bindDirect(
  attributes: Conv2dAttributes,
  workspace: number,
  context: BindContext,
  x: number,
  w: number,
  y: number,
  accumulate: boolean,
): BoundCall[] {
  const { kernels } = context;
  const { kernelHeight, kernelWidth, channels, filters, strideHeight, strideWidth } = attributes;
  const { outHeight, outWidth } = attributes;
  const { frameWidth, packed } = planDirectWorkspace(attributes);
  const panels = workspace + 4 * packed;
  const run = kernelWidth * channels;
  const pack = () => kernels.packFilters_f32(w, panels, kernelHeight * run, filters);
  const convolve = eachImage(attributes, workspace, context, x, y, (image) =>
    kernels.convDirect_f32(
      workspace,
      panels,
      image,
      frameWidth,
      channels,
      filters,
      kernelHeight,
      run,
      strideHeight,
      strideWidth,
      outHeight,
      outWidth,
      Number(accumulate),
    ),
  );
  return [pack, convolve];
}

/** dw = xᵀ · dy, summed image by image in order. */
export function bindDirectFilterGradient(
  attributes: Conv2dAttributes,
  workspace: number,
  context: BindContext,
  x: number,
  dy: number,
  dw: number,
): BoundCall[] {
  const { kernels } = context;
  const { kernelHeight, kernelWidth, channels, filters, strideHeight, strideWidth } = attributes;
  const { outHeight, outWidth } = attributes;
  const { frameWidth } = planDirectWorkspace(attributes);
  const run = kernelWidth * channels;
  const sum = eachImage(attributes, workspace, context, x, dy, (image) =>
    kernels.convDirectFilterGradient_f32(
      workspace,
      image,
      dw,
      frameWidth,
      channels,
      filters,
      kernelHeight,
      run,
      strideHeight,
      strideWidth,
      outHeight,
      outWidth,
    ),
  );
  return [bindZero(context, dw, kernelHeight * run * filters), sum];
}

/** Puts each image of x into the frame and calls `visit` with the address of its output in y. */
function eachImage(
  attributes: Conv2dAttributes,
  frame: number,
  { kernels }: BindContext,
  x: number,
  y: number,
  visit: (image: number) => void,
): BoundCall {
  const { batch, height, width, channels, filters, padTop, padLeft } = attributes;
  const { frameHeight, frameWidth } = planDirectWorkspace(attributes);
  const inputBytes = 4 * height * width * channels;
  const outputBytes = 4 * attributes.outHeight * attributes.outWidth * filters;
  return () => {
    for (let n = 0; n < batch; n++) {
      kernels.frameImage_f32(
        x + n * inputBytes,
        frame,
        height,
        width,
        channels,
        padTop,
        padLeft,
        frameHeight,
        frameWidth,
      );
      visit(y + n * outputBytes);
    }
  };
}
