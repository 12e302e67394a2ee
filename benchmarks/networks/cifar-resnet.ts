import {
  activation,
  add,
  batchNormalization,
  conv2d,
  dense,
  globalAveragePooling2d,
  input,
  lambda,
  Model,
  ops,
  type SymbolicTensor,
} from 'residuum';

const STAGES = [16, 32, 64];

function convolution(x: SymbolicTensor, filters: number, strides: number): SymbolicTensor {
  const y = conv2d({
    filters,
    kernelSize: 3,
    strides,
    padding: 'same',
    useBias: false,
    kernelInitializer: 'heNormal',
  })(x);
  return batchNormalization()(y);
}

/** A block of two convolutions; where the shape changes, the shortcut subsamples and pads with zeros. */
function basicBlock(x: SymbolicTensor, filters: number, strides: number): SymbolicTensor {
  const [height, width, channels] = x.sampleShape;
  let shortcut = x;
  if (channels !== filters) {
    const size = [Math.ceil(height / strides), Math.ceil(width / strides), channels];
    const before = (filters - channels) >> 1;
    shortcut = lambda((value) =>
      ops.pad(ops.slice(value, [0, 0, 0], size, [strides, strides, 1]), [
        [0, 0],
        [0, 0],
        [before, filters - channels - before],
      ]),
    )(x);
  }
  const y = activation('relu')(convolution(x, filters, strides));
  return activation('relu')(add()([convolution(y, filters, 1), shortcut]));
}

/**
 * The CIFAR networks of the paper with option-A shortcuts: 32×32×3 images, ten classes, 6n + 2 layers.
 * Source: He et al., "Deep residual learning for image recognition" (2015), section 4.2.
 */
export function cifarResnet(depth: 20 | 56): Model {
  const inputs = input({ shape: [32, 32, 3] });
  let x = activation('relu')(convolution(inputs, STAGES[0], 1));
  STAGES.forEach((filters, stage) => {
    for (let block = 0; block < (depth - 2) / 6; block++) {
      x = basicBlock(x, filters, stage > 0 && block === 0 ? 2 : 1);
    }
  });
  x = globalAveragePooling2d()(x);
  return new Model({ inputs, outputs: dense({ units: 10, activation: 'softmax' })(x) });
}
