import type { KernelChoice } from '../../plan/kernel-choice.js';
import type { GemmProvider } from './gemm-provider.js';
import type { GraphEngine } from './graph-engine.js';
import { instantiateKernels, KERNEL_BYTES, type KernelExports } from './kernel-module.js';
import type { GemmChoice, HostMessage, WorkerMessage } from './messages.js';
import { Replica } from './replica.js';
import { ReplicaMemory } from './replica-memory.js';
import {
  AbortedError,
  type AddArrays,
  abortExchange,
  COLLECTIVE_SCRATCH_BYTES,
  type Exchange,
  SharedCollective,
} from './shared-collective.js';
import { UpdateWatch, WATCH_SCRATCH_BYTES } from './update-watch.js';
import type { WorkerPort } from './worker-host.js';

/** Code of addition in `binary_f32`. */
const ADD = 0;

/** What a platform needs to make a GEMM provider. */
export interface GemmRequest {
  choice: GemmChoice;
  kernels: KernelExports;
  memory: WebAssembly.Memory;
  /** Byte address of the scratch that the WASM GEMM asks for. */
  scratch: number;
}

/** What a platform computes with; `label` says which GEMM provider it is and why. */
export interface PlatformEngines {
  gemm: GemmProvider;
  label: string;
  /** Runs stretches of plans as graphs, where the platform can. */
  graphs?: GraphEngine;
}

/** Makes the engines of a platform. */
export type GemmFactory = (request: GemmRequest) => Promise<PlatformEngines>;

/** Serves one replica to the host at the other end of `port`, until it says `stop`. */
export function serveReplica(port: WorkerPort, createGemm: GemmFactory): void {
  let replica: Replica | undefined;
  let exchange: Exchange | undefined;

  const handle = async (message: HostMessage): Promise<WorkerMessage | undefined> => {
    if (message.type === 'start') {
      exchange = message.exchange;
      const started = await startReplica(message, createGemm);
      replica = started.replica;
      const { label, graphs, choice } = started;
      return { type: 'started', gemm: label, graphs, choice };
    }
    if (message.type === 'stop') {
      await replica?.dispose();
      return { type: 'done', bytes: 0 };
    }
    if (replica === undefined) throw new Error(`'${message.type}' came before 'start'.`);
    switch (message.type) {
      case 'allocate':
        replica.allocateState(message.size, message.shard);
        break;
      case 'write':
        replica.write(new Float32Array(message.data), message.pieces);
        replica.draw(message.draws);
        break;
      case 'read':
        replica.read(new Float32Array(message.data), message.pieces);
        break;
      case 'prepare':
        replica.prepare(message.id, message.plan, message.inputs, message.outputs);
        break;
      case 'release':
        replica.release(message.id);
        return undefined;
      case 'run':
        if (message.watch) {
          const shard = await replica.runWatched(message.id, message.set, message.parameters);
          return { type: 'watched', shard };
        }
        await replica.run(message.id, message.set, message.parameters);
        break;
      case 'profile':
        return { type: 'profile', milliseconds: replica.milliseconds };
      case 'timings':
        return { type: 'timings', timings: replica.timings(message.id) };
    }
    return { type: 'done', bytes: replica.bytes };
  };

  port.listen(async (message) => {
    try {
      const reply = await handle(message);
      if (reply !== undefined) port.post(reply);
    } catch (error) {
      if (message.type === 'run' && exchange !== undefined) abortExchange(exchange);
      const text = error instanceof Error ? error.message : String(error);
      port.post({ type: 'failed', message: text, aborted: error instanceof AbortedError });
    }
    if (message.type === 'stop') port.close();
  });
}

async function startReplica(
  {
    replica,
    replicas,
    kernels: modules,
    exchange,
    gemm,
    profile,
    graphs,
  }: HostMessage & { type: 'start' },
  createGemm: GemmFactory,
): Promise<{
  replica: Replica;
  label: string;
  graphs: string | undefined;
  choice: KernelChoice;
}> {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const kernels = instantiateKernels(modules, memory);
  const watchScratch = KERNEL_BYTES + COLLECTIVE_SCRATCH_BYTES;
  const gemmScratch = watchScratch + WATCH_SCRATCH_BYTES;
  const arenas = new ReplicaMemory(memory, gemmScratch + kernels.gemmScratchBytes());
  const provider = await createGemm({ choice: gemm, kernels, memory, scratch: gemmScratch });
  const add: AddArrays = (a, b, y, size) => kernels.binary_f32(ADD, a, b, y, size);
  const collective = new SharedCollective(replica, replicas, exchange, memory, KERNEL_BYTES, add);
  const engine = graphs ? provider.graphs : undefined;
  return {
    replica: new Replica({
      memory: arenas,
      kernels,
      gemm: provider.gemm,
      collective,
      watch: new UpdateWatch(kernels, arenas, watchScratch),
      profile,
      ...(engine && { graphs: engine }),
    }),
    label: provider.label,
    graphs: engine?.name,
    choice: provider.gemm.choice,
  };
}
