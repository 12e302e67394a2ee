import { setPlatform } from './models/platform.js';
import { createCpuExecutor } from './node/cpu-executor.js';
import { createReferenceExecutor } from './runtime/reference/reference-executor.js';

setPlatform({
  async createExecutor({ executor = 'cpu', ...options }) {
    if (executor === 'reference') return createReferenceExecutor({ replicas: options.replicas });
    return createCpuExecutor(options);
  },
});

export * from './library.js';
