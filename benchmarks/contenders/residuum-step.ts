// Steps of ours: residuum-step.js train|predict|gemm [--network article] [--batch 100] …
import { parseArgs } from 'node:util';
import { residuumVersions } from '../runner/residuum-versions.js';
import { productSteps } from '../workloads/timed-products.js';
import { predictionSteps, trainingSteps } from '../workloads/timed-steps.js';
import { serve, whole } from './serve.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    network: { type: 'string', default: 'article' },
    optimizer: { type: 'string', default: 'adam' },
    batch: { type: 'string', default: '100' },
    replicas: { type: 'string', default: '2' },
    size: { type: 'string', default: '2048' },
    gemm: { type: 'string' },
    steps: { type: 'string' },
  },
});
const [work] = positionals;
const { network, optimizer } = values;
const batch = whole('batch', values.batch);
const replicas = whole('replicas', values.replicas);
const size = whole('size', values.size);
const gemm = values.gemm as 'onnxruntime' | 'wasm' | undefined;
const options = { network, optimizer, batch, replicas, gemm };

const run = () => {
  if (work === 'gemm') return productSteps({ size, replicas, gemm });
  return work === 'predict' ? predictionSteps(options) : trainingSteps(options);
};
await serve(
  {
    run: run(),
    ...(work === 'gemm'
      ? { work: 2e-9 * size ** 3, unit: 'GFLOP/s' }
      : { work: batch, unit: 'images/s' }),
    versions: residuumVersions(),
  },
  values.steps === undefined ? undefined : whole('steps', values.steps),
);
