import { createReferenceExecutor } from '../../src/runtime/reference/reference-executor.js';
import { describeConformance } from './run-conformance.js';

describeConformance('reference, float32', async (replicas) =>
  createReferenceExecutor({ replicas }),
);
