// The article's ResNet-50 in TensorFlow.js, in Node: training steps on its cpu backend or predictions on its
// wasm backend: tfjs-step.js FOLDER train|predict [--batch 1]. FOLDER holds the npm peers.
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { timeEach } from '../workloads/timed-steps.js';
import { serve, whole } from './serve.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { batch: { type: 'string', default: '1' }, steps: { type: 'string' } },
});

interface Layer {
  apply(x: unknown): unknown;
}

type LayerFactory = (options?: object) => Layer;

interface Output {
  data(): Promise<Float32Array>;
  dispose(): void;
}

/** What this file uses of TensorFlow.js. */
interface TensorFlow {
  version: { tfjs: string };
  setBackend(name: string): Promise<boolean>;
  input(options: object): unknown;
  model(options: object): {
    compile(options: object): void;
    countParams(): number;
    trainOnBatch(x: unknown, y: unknown): Promise<unknown>;
    predictOnBatch(x: unknown): Output;
  };
  layers: Record<string, LayerFactory>;
  randomUniform(shape: readonly number[]): unknown;
  oneHot(indices: readonly number[], depth: number): unknown;
}

const [peers, work = 'train'] = positionals;
const folder = resolve(peers);
const require = createRequire(join(folder, 'index.js'));
const tf = require('@tensorflow/tfjs') as TensorFlow;

const STAGES = [
  [64, 256, 3, 1],
  [128, 512, 4, 1],
  [256, 1024, 6, 2],
  [512, 2048, 3, 2],
];
const PARAMETERS = 23_601_930;

const apply = (kind: string, x: unknown, options: object = {}) => tf.layers[kind](options).apply(x);

function convolution(x: unknown, filters: number, kernelSize: number, strides = 1) {
  const y = apply('conv2d', x, { filters, kernelSize, strides, padding: 'same' });
  return apply('batchNormalization', y);
}

const relu = (x: unknown) => apply('activation', x, { activation: 'relu' });

function article() {
  const inputs = tf.input({ shape: [28, 28, 1] });
  let x = apply('zeroPadding2d', inputs, { padding: 3 });
  x = apply('conv2d', x, { filters: 64, kernelSize: 7, strides: 2, padding: 'valid' });
  x = relu(apply('batchNormalization', x));
  x = apply('maxPooling2d', x, { poolSize: 3, strides: 2 });
  for (const [width, out, blocks, stride] of STAGES) {
    for (let block = 0; block < blocks; block++) {
      const strides = block === 0 ? stride : 1;
      let y = relu(convolution(x, width, 1, strides));
      y = convolution(relu(convolution(y, width, 3)), out, 1);
      const shortcut = block === 0 ? convolution(x, out, 1, strides) : x;
      x = relu(apply('add', [y, shortcut]));
    }
  }
  x = apply('averagePooling2d', x, { poolSize: 2, padding: 'same' });
  x = apply('flatten', x);
  const outputs = apply('dense', x, { units: 10, activation: 'softmax' });
  return tf.model({ inputs, outputs });
}

async function startBackend(): Promise<void> {
  if (work === 'predict') {
    const backend = '@tensorflow/tfjs-backend-wasm';
    const { setWasmPaths } = require(backend) as { setWasmPaths(folder: string): void };
    setWasmPaths(join(folder, 'node_modules', backend, 'dist/'));
  }
  const name = work === 'predict' ? 'wasm' : 'cpu';
  if (!(await tf.setBackend(name))) throw new Error(`the ${name} backend of TensorFlow.js fails`);
}

await startBackend();
const batch = whole('batch', values.batch);
const model = article();
if (model.countParams() !== PARAMETERS) {
  throw new Error(`the network has ${model.countParams()} parameters, not ${PARAMETERS}`);
}
model.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy' });
const images = tf.randomUniform([batch, 28, 28, 1]);
const labels = tf.oneHot(
  Array.from({ length: batch }, (_, i) => i % 10),
  10,
);
const predict = async () => {
  const probabilities = model.predictOnBatch(images);
  await probabilities.data();
  probabilities.dispose();
};
await serve(
  {
    run: (count) =>
      timeEach(count, work === 'predict' ? predict : () => model.trainOnBatch(images, labels)),
    work: batch,
    unit: 'images/s',
    versions: { '@tensorflow/tfjs': tf.version.tfjs },
  },
  values.steps === undefined ? undefined : whole('steps', values.steps),
);
