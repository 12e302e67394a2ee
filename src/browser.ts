import { createCpuExecutor } from './browser/cpu-executor.js';
import { setPlatform } from './models/platform.js';
import { createReferenceExecutor } from './runtime/reference/reference-executor.js';

setPlatform({
  async createExecutor({ executor = 'cpu', replicas, profile }) {
    if (executor === 'reference') return createReferenceExecutor({ replicas });
    return createCpuExecutor({ replicas, profile });
  },
});

export { type CpuExecutorOptions, createCpuExecutor } from './browser/cpu-executor.js';
export * from './library.js';
