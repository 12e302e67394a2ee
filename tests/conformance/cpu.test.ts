import { createCpuExecutor } from '../../src/node/cpu-executor.js';
import { describeConformance } from './run-conformance.js';

// A variable, since the optional package may be absent when this is compiled.
const optionalPackage: string = 'onnxruntime-node';
const installed = await import(optionalPackage).then(
  () => true,
  () => false,
);

describeConformance('cpu, wasm', (replicas) => createCpuExecutor({ replicas, gemm: 'wasm' }));
describeConformance(
  'cpu, onnxruntime',
  (replicas) => createCpuExecutor({ replicas, gemm: 'onnxruntime' }),
  { skip: installed ? undefined : `the optional package ${optionalPackage} does not load here` },
);
