import {
  activation,
  add,
  batchNormalization,
  conv2d,
  dense,
  globalAveragePooling2d,
  input,
  loadDataset,
  Model,
  type SymbolicTensor,
  saveModel,
} from 'residuum';

function residualBlock(x: SymbolicTensor, filters: number) {
  let y = conv2d({ filters, kernelSize: 3, padding: 'same', useBias: false })(x);
  y = activation('relu')(batchNormalization()(y));
  y = conv2d({ filters, kernelSize: 3, padding: 'same', useBias: false })(y);
  return activation('relu')(add()([batchNormalization()(y), x]));
}

const image = input({ shape: [28, 28, 1] });
let x = conv2d({ filters: 16, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu' })(
  image,
);
x = residualBlock(residualBlock(x, 16), 16);
const model = new Model({
  inputs: image,
  outputs: dense({ units: 10, activation: 'softmax' })(globalAveragePooling2d()(x)),
});

const { train, validation, test } = await loadDataset('fashion-mnist-mini');
model.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
await model.fit(train, { epochs: 3, batchSize: 32, validationData: validation });
console.log(await model.evaluate(test));
await saveModel(model, 'quick-start.safetensors');
