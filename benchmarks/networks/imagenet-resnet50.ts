import {
  activation,
  batchNormalization,
  conv2d,
  convolutionalBlock,
  dense,
  globalAveragePooling2d,
  identityBlock,
  input,
  Model,
  maxPooling2d,
  type SymbolicTensor,
} from 'residuum';

const STAGES = [
  { stage: 2, blocks: 'abc', filters: [64, 64, 256], strides: 1 },
  { stage: 3, blocks: 'abcd', filters: [128, 128, 512], strides: 2 },
  { stage: 4, blocks: 'abcdef', filters: [256, 256, 1024], strides: 2 },
  { stage: 5, blocks: 'abc', filters: [512, 512, 2048], strides: 2 },
] as const;

/** The paper's ResNet-50 for 224×224×3 images and a thousand classes. */
export function imagenetResnet50(): Model {
  const inputs = input({ shape: [224, 224, 3] });
  let x: SymbolicTensor = inputs;
  x = conv2d({ filters: 64, kernelSize: 7, strides: 2, padding: 'same' })(x);
  x = activation('relu')(batchNormalization()(x));
  x = maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' })(x);
  for (const { stage, blocks, filters, strides } of STAGES) {
    for (const block of blocks) {
      const place = { stage, block, f: 3, filters };
      x = block === 'a' ? convolutionalBlock(x, { ...place, strides }) : identityBlock(x, place);
    }
  }
  x = globalAveragePooling2d()(x);
  return new Model({ inputs, outputs: dense({ units: 1000, activation: 'softmax' })(x) });
}
