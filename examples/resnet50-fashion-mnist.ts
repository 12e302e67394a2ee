/**
 * The article's notebook, cell by cell: a ResNet-50 of identity and convolutional blocks, trained on
 * Fashion-MNIST. `npm run example -- resnet50-fashion-mnist [limit] [epochs] [folder]`
 */
import {
  activation,
  add,
  averagePooling2d,
  batchNormalization,
  conv2d,
  dense,
  flatten,
  input,
  Model,
  maxPool2d,
  readDataSets,
  type SymbolicTensor,
  zeroPadding2d,
} from 'residuum';

type Filters = readonly [number, number, number];

// The identity block: input and output have one shape, so the shortcut is the input itself.
function identityBlock(
  x: SymbolicTensor,
  f: number,
  filters: Filters,
  stage: number,
  block: string,
) {
  const convName = `res${stage}${block}_branch`;
  const bnName = `bn${stage}${block}_branch`;
  const [f1, f2, f3] = filters;
  let y = conv2d({ filters: f1, kernelSize: 1, name: `${convName}2a` })(x);
  y = batchNormalization({ name: `${bnName}2a` })(y);
  y = activation('relu')(y);
  y = conv2d({ filters: f2, kernelSize: f, padding: 'same', name: `${convName}2b` })(y);
  y = batchNormalization({ name: `${bnName}2b` })(y);
  y = activation('relu')(y);
  y = conv2d({ filters: f3, kernelSize: 1, name: `${convName}2c` })(y);
  y = batchNormalization({ name: `${bnName}2c` })(y);
  y = add()([y, x]);
  return activation('relu')(y);
}

// The convolutional block: a 1×1 convolution on the shortcut makes its shape that of the output.
function convolutionalBlock(
  x: SymbolicTensor,
  f: number,
  filters: Filters,
  stage: number,
  block: string,
  s = 2,
) {
  const convName = `res${stage}${block}_branch`;
  const bnName = `bn${stage}${block}_branch`;
  const [f1, f2, f3] = filters;
  let y = conv2d({ filters: f1, kernelSize: 1, strides: s, name: `${convName}2a` })(x);
  y = batchNormalization({ name: `${bnName}2a` })(y);
  y = activation('relu')(y);
  y = conv2d({ filters: f2, kernelSize: f, padding: 'same', name: `${convName}2b` })(y);
  y = batchNormalization({ name: `${bnName}2b` })(y);
  y = activation('relu')(y);
  y = conv2d({ filters: f3, kernelSize: 1, name: `${convName}2c` })(y);
  y = batchNormalization({ name: `${bnName}2c` })(y);
  let shortcut = conv2d({ filters: f3, kernelSize: 1, strides: s, name: `${convName}1` })(x);
  shortcut = batchNormalization({ name: `${bnName}1` })(shortcut);
  y = add()([y, shortcut]);
  return activation('relu')(y);
}

// (3 + 4 + 6 + 3) blocks of three convolutions, one convolution before them, one dense layer after: 50.
function resnet50(inputShape: readonly number[], classes: number) {
  const image = input({ shape: inputShape });
  let x = zeroPadding2d({ padding: 3 })(image);
  x = conv2d({ filters: 64, kernelSize: 7, strides: 2, name: 'conv' })(x);
  x = batchNormalization({ name: 'bn' })(x);
  x = activation('relu')(x);
  x = maxPool2d({ poolSize: 3, strides: 2 })(x);

  x = convolutionalBlock(x, 3, [64, 64, 256], 2, 'a', 1);
  for (const block of 'bc') x = identityBlock(x, 3, [64, 64, 256], 2, block);

  x = convolutionalBlock(x, 3, [128, 128, 512], 3, 'a', 1);
  for (const block of 'bcd') x = identityBlock(x, 3, [128, 128, 512], 3, block);

  x = convolutionalBlock(x, 3, [256, 256, 1024], 4, 'a', 2);
  for (const block of 'bcdef') x = identityBlock(x, 3, [256, 256, 1024], 4, block);

  x = convolutionalBlock(x, 3, [512, 512, 2048], 5, 'a', 2);
  for (const block of 'bc') x = identityBlock(x, 3, [512, 512, 2048], 5, block);

  x = averagePooling2d({ poolSize: 2, padding: 'same' })(x);
  x = flatten()(x);
  x = dense({ units: classes, activation: 'softmax', name: `fc${classes}` })(x);
  return new Model({ inputs: image, outputs: x, name: 'ResNet50' });
}

const [limit = 1000, epochs = 1, folder = 'datasets/fashion-mnist-mini'] = process.argv.slice(2);

const mnist = await readDataSets(folder, { oneHot: true, limit: Number(limit) });
const { images: xTrain, labels: yTrain } = mnist.train;
const { images: xTest, labels: yTest } = mnist.test;

const model = resnet50(xTrain.shape.slice(1), 10);
model.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
await model.fit(xTrain, yTrain, { epochs: Number(epochs), batchSize: 100 });
console.log(await model.evaluate(xTest, yTest, { batchSize: 100 }));
