import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { ExecutorError, ShapeError, UnknownNameError, ValueError } from '../../core/errors.js';
import { makeInitialValues } from '../../core/initial-values.js';
import { type CpuExecutorOptions, createCpuExecutor } from '../../node/cpu-executor.js';
import type { KernelCall } from '../../plan/kernels.js';
import type { Plan, PlanOutput, Region } from '../../plan/plan.js';
import type { StateLayout } from '../../plan/state-layout.js';
import { CpuExecutor } from './cpu-executor.js';
import type { WorkerHost } from './worker-host.js';

const PARAMETERS = { step: 1, learningRate: 0.1, seed: 0 };

type Call = Pick<KernelCall, 'kernel' | 'reads' | 'writes' | 'attributes'>;

/** Collects the parts of a plan; buffers lie one after the other in their arena. */
class PlanBuilder {
  readonly plan: Plan;

  constructor(replica: number, shares: number[]) {
    this.plan = {
      version: 1,
      name: 'tiny',
      share: { replica, shares },
      stateSize: 0,
      scratchSize: 0,
      buffers: [],
      inputs: [],
      outputs: [],
      calls: [],
      fusions: [],
    };
  }

  get rows(): number {
    const { replica, shares } = this.plan.share;
    return shares[replica];
  }

  buffer(shape: number[], region: Region = 'scratch'): number {
    const size = shape.reduce((product, dimension) => product * dimension, 1);
    const id = this.plan.buffers.length;
    const arena = region === 'state' ? 'stateSize' : 'scratchSize';
    const offset = this.plan[arena];
    this.plan.buffers.push({ id, name: `b${id}`, shape, size, region, offset });
    this.plan[arena] = offset + Math.ceil(size / 16) * 16;
    return id;
  }

  input(name: string, ...sampleShape: number[]): number {
    const buffer = this.buffer([this.rows, ...sampleShape]);
    this.plan.inputs.push({ name, buffer, sampleShape });
    return buffer;
  }

  output(name: string, buffer: number, kind: PlanOutput['kind']): void {
    this.plan.outputs.push({ name, buffer, kind });
  }

  call(call: Call): void {
    this.plan.calls.push({ ...call, source: 'layer_a', phase: 'forward' } as KernelCall);
  }
}

function plansFor(shares: number[], describe: (builder: PlanBuilder) => void): Plan[] {
  return shares.map((_, replica) => {
    const builder = new PlanBuilder(replica, shares);
    describe(builder);
    return builder.plan;
  });
}

async function withExecutor(
  options: CpuExecutorOptions,
  use: (executor: CpuExecutor) => Promise<void>,
): Promise<void> {
  const executor = await createCpuExecutor({ gemm: 'wasm', ...options });
  try {
    await use(executor);
  } finally {
    await executor.dispose();
  }
}

/** Distinct numbers whose sums depend on the order of addition. */
function awkward(size: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => Math.sin(i * 12.9898) * 10 ** (i % 7));
}

for (const shares of [[5], [3, 2], [2, 0, 3]]) {
  test(`inputs are dealt out and outputs gathered over shares ${shares}`, async () => {
    const plans = plansFor(shares, (builder) => {
      const size = builder.rows * 3;
      const x = builder.input('x', 3);
      const y = builder.buffer([builder.rows, 3]);
      const sum = builder.buffer([1]);
      const seven = builder.buffer([4]);
      builder.call({
        kernel: 'affine',
        reads: { x },
        writes: { y },
        attributes: { size, scale: 2, offset: 1 },
      });
      builder.call({
        kernel: 'totalSum',
        reads: { x },
        writes: { y: sum },
        attributes: { size, scale: 1 },
      });
      builder.call({
        kernel: 'fill',
        reads: {},
        writes: { y: seven },
        attributes: { size: 4, value: 7 },
      });
      builder.output('y', y, 'batch');
      builder.output('sum', sum, 'scalar');
      builder.output('seven', seven, 'replicated');
    });
    await withExecutor({ replicas: shares.length }, async (executor) => {
      const prepared = await executor.prepare(plans);
      prepared.inputs[0][0].set(Array.from({ length: 15 }, (_, i) => i));
      prepared.inputs[1][0].fill(1);
      const first = await executor.run(prepared, 0, PARAMETERS);
      assert.deepEqual(
        [...first.y],
        Array.from({ length: 15 }, (_, i) => 2 * i + 1),
      );
      assert.deepEqual([...first.sum], [105]);
      assert.deepEqual([...first.seven], [7, 7, 7, 7]);
      const second = await executor.run(prepared, 1, PARAMETERS);
      assert.deepEqual([...second.y], Array(15).fill(3));
      assert.deepEqual([...second.sum], [15]);
      assert.deepEqual(await executor.profile(), new Float64Array(0));
    });
  });
}

for (const replicas of [1, 2, 3]) {
  for (const size of [1, 5, 5000, 300_001]) {
    test(`collectives over ${replicas} replicas, ${size} elements`, async () => {
      const shares = Array.from({ length: replicas }, () => 1);
      // The last replica owns nothing when there are more than two.
      const owners = Math.min(replicas, 2);
      const half = Math.ceil(size / owners);
      const starts = shares.map((_, r) => Math.min(r * half, size));
      const counts = starts.map((start) => Math.min(half, size - start));
      const plans = plansFor(shares, (builder) => {
        const x = builder.input('x', size);
        const gradient = builder.buffer([size]);
        builder.call({
          kernel: 'affine',
          reads: { x },
          writes: { y: gradient },
          attributes: { size, scale: 1, offset: 0 },
        });
        const sum = builder.buffer([size]);
        const all = builder.buffer([replicas, size]);
        builder.call({
          kernel: 'allReduceSum',
          reads: { x },
          writes: { y: sum },
          attributes: { size },
        });
        builder.call({
          kernel: 'allGather',
          reads: { x },
          writes: { y: all },
          attributes: { size },
        });
        for (const kernel of ['reduceScatter', 'allGatherShards'] as const) {
          builder.call({
            kernel,
            reads: { x: gradient },
            writes: { y: gradient },
            attributes: { starts, counts },
          });
        }
        builder.output('sum', sum, 'batch');
        builder.output('all', all, 'batch');
        builder.output('gradient', gradient, 'batch');
      });
      await withExecutor({ replicas }, async (executor) => {
        const prepared = await executor.prepare(plans);
        const values = awkward(replicas * size);
        const expected = new Float32Array(size);
        for (let i = 0; i < size; i++) {
          expected[i] = values[i];
          for (let r = 1; r < replicas; r++) expected[i] += values[r * size + i];
        }
        // Several runs, so that rounds meet slots that hold old values.
        for (let repetition = 0; repetition < 3; repetition++) {
          prepared.inputs[0][0].set(values);
          const results = await executor.run(prepared, 0, PARAMETERS);
          for (let r = 0; r < replicas; r++) {
            const part = (name: string, width: number) =>
              new Float32Array(results[name].slice(r * width, (r + 1) * width));
            assert.deepEqual(part('sum', size), expected);
            assert.deepEqual(part('gradient', size), expected);
            assert.deepEqual(part('all', replicas * size), values);
          }
        }
      });
    });
  }
}

const LAYOUT: StateLayout = {
  size: 128,
  entries: [
    { name: 'w', role: 'weight', shape: [2, 3], offset: 0, size: 6 },
    { name: 'b', role: 'weight', shape: [4], offset: 6, size: 4 },
    { name: 'moving', role: 'weight', shape: [5], offset: 16, size: 5 },
    { name: 'dw', role: 'gradient', shape: [2, 3], offset: 32, size: 6 },
    { name: 'db', role: 'gradient', shape: [4], offset: 38, size: 4 },
  ],
  trainable: { offset: 0, size: 10 },
  gradients: { offset: 32, size: 10 },
  slots: [
    { name: 'm', offset: 48, size: 7 },
    { name: 'v', offset: 64, size: 7 },
  ],
  shards: { starts: [0, 7], counts: [7, 3] },
};

test('state goes in and comes back, whole, also when memory grows', async () => {
  await withExecutor({ replicas: 2 }, async (executor) => {
    await assert.rejects(executor.readState(['w']), /call allocateState first/);
    await executor.allocateState(LAYOUT);
    assert.deepEqual((await executor.readState(['v'])).get('v'), new Float32Array(10));
    const values = new Map(
      [...LAYOUT.entries, ...LAYOUT.slots.map(({ name }) => ({ name, size: 10 }))].map(
        ({ name, size }) => [name, awkward(size)],
      ),
    );
    await executor.writeState(values);
    assert.deepEqual(await executor.readState([...values.keys()]), values);

    const small = plansFor([1, 1], (builder) => {
      const w = builder.buffer([6], 'state');
      const y = builder.buffer([6]);
      builder.call({
        kernel: 'affine',
        reads: { x: w },
        writes: { y },
        attributes: { size: 6, scale: 1, offset: 0 },
      });
      builder.output('y', y, 'replicated');
    });
    const prepared = await executor.prepare(small);
    const before = executor.bytesPerReplica;
    await executor.prepare(plansFor([1, 1], (builder) => builder.buffer([1 << 20])));
    assert.ok(executor.bytesPerReplica >= before + 4 * 2 ** 20);
    assert.deepEqual(await executor.readState([...values.keys()]), values);
    const { y } = await executor.run(prepared, 0, PARAMETERS);
    assert.deepEqual(new Float32Array(y), values.get('w'));

    await assert.rejects(executor.readState(['vv']), UnknownNameError);
    await assert.rejects(executor.writeState(new Map([['w', awkward(5)]])), ShapeError);
    await executor.allocateState(LAYOUT);
    assert.deepEqual((await executor.readState(['m'])).get('m'), new Float32Array(10));
  });
});

test('described values are those of the host, made by every replica or shared out', async () => {
  const uniform = { kind: 'uniform', limit: 0.3, seed: 11, stream: [5, 6] } as const;
  const constant = { kind: 'constant', value: 0.125 } as const;
  const names = ['w', 'v', ...LAYOUT.slots.map(({ name }) => name)];
  await withExecutor({ replicas: 2 }, async (executor) => {
    await executor.allocateState(LAYOUT);
    for (const described of [uniform, constant]) {
      await executor.writeState(new Map(names.map((name) => [name, described])));
      for (const [name, values] of await executor.readState(names)) {
        assert.deepEqual(values, makeInitialValues(described, values.length), name);
      }
    }
    await assert.rejects(executor.writeState(new Map([['vv', constant]])), UnknownNameError);
  });
});

test('what does not fit is refused, and the executor lives on', async () => {
  await assert.rejects(createCpuExecutor({ replicas: 0 }), ValueError);
  await withExecutor({ replicas: 2 }, async (executor) => {
    await assert.rejects(
      executor.allocateState({ ...LAYOUT, shards: { starts: [0], counts: [10] } }),
      {
        name: 'ExecutorError',
        message: /for 1 replicas/,
      },
    );
    await executor.allocateState(LAYOUT);
    const huge = plansFor([1, 1], (builder) => builder.buffer([2 ** 30]));
    await assert.rejects(executor.prepare(huge), {
      name: 'ExecutorError',
      message: /activations 4096 MiB.*use a smaller batch size/,
    });
    const tiny = plansFor([1, 1], (builder) => builder.buffer([1]));
    await assert.rejects(executor.prepare([tiny[0]]), ExecutorError);
    await assert.rejects(executor.prepare([tiny[1], tiny[0]]), ExecutorError);
    const foreign = { inputs: [] };
    await assert.rejects(executor.run(foreign, 0, PARAMETERS), /another executor/);
    await executor.run(await executor.prepare(tiny), 0, PARAMETERS);
  });
});

test('disposal ends the executor', async () => {
  const executor = await createCpuExecutor({ replicas: 2, gemm: 'wasm' });
  assert.deepEqual(executor.description, { executor: 'cpu', replicas: 2, gemm: 'wasm' });
  await Promise.all([executor.dispose(), executor.dispose()]);
  await assert.rejects(executor.allocateState(LAYOUT), {
    name: 'ExecutorError',
    message: /disposed/,
  });
});

/** A product that takes long enough for other things to happen meanwhile. */
function longPlans(replicas: number): Plan[] {
  const n = 768;
  return plansFor(Array(replicas).fill(1), (builder) => {
    const [a, b, c] = [0, 1, 2].map(() => builder.buffer([n, n]));
    for (const y of [a, b]) {
      builder.call({
        kernel: 'fill',
        reads: {},
        writes: { y },
        attributes: { size: n * n, value: 1 },
      });
    }
    const attributes = { m: n, n, k: n, transposeA: false, transposeB: false };
    builder.call({ kernel: 'matmul', reads: { a, b }, writes: { c }, attributes });
    builder.call({
      kernel: 'allReduceSum',
      reads: { x: c },
      writes: { y: c },
      attributes: { size: n * n },
    });
  });
}

test('the calling thread stays free, and calls are timed on demand', async () => {
  await withExecutor({ replicas: 2, profile: true }, async (executor) => {
    const prepared = await executor.prepare(longPlans(2));
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    for (let i = 0; i < 5; i++) await executor.run(prepared, 0, PARAMETERS);
    clearInterval(timer);
    assert.ok(ticks >= 5, `${ticks} ticks`);
    const milliseconds = await executor.profile();
    assert.equal(milliseconds.length, 4);
    assert.ok(milliseconds[2] > milliseconds[0]);
  });
});

test('runs asked for at once come one after the other', async () => {
  await withExecutor({ replicas: 2 }, async (executor) => {
    const prepared = await executor.prepare(longPlans(2));
    const done: number[] = [];
    await Promise.all(
      [0, 1, 2].map((i) => executor.run(prepared, 0, PARAMETERS).then(() => done.push(i))),
    );
    assert.deepEqual(done, [0, 1, 2]);
  });
});

/** A host whose second replica does something bad inside a matrix product. */
function sabotagedHost(action: string): WorkerHost {
  const source = `
    import { parentPort, workerData } from 'node:worker_threads';
    import { serveReplica } from ${JSON.stringify(new URL('./replica-worker.js', import.meta.url).href)};
    const act = () => { if (workerData === 1) { ${action} } };
    serveReplica(
      {
        post: (message) => parentPort.postMessage(message),
        listen: (receive) => parentPort.on('message', receive),
        close: () => parentPort.close(),
      },
      async () => ({ label: 'sabotaged', gemm: { name: 'wasm', bind: () => act, dispose: async () => {} } }),
    );`;
  return {
    spawn: (index, events) => {
      const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`);
      const worker = new Worker(url, { workerData: index });
      worker.on('message', events.message);
      worker.on('error', (error) => events.failure(`died: ${error.message}`));
      const gone = new Promise<void>((resolve) => {
        worker.on('exit', (code) => {
          events.failure(`ended with ${code}`);
          resolve();
        });
      });
      return { post: (message) => worker.postMessage(message), hold: () => {}, close: () => gone };
    },
  };
}

test('when a worker cannot be made, those before it are ended and the error says why', async () => {
  const host = sabotagedHost('');
  const closed: number[] = [];
  const short: WorkerHost = {
    spawn(index, events) {
      if (index === 2) throw new Error('no more threads');
      const connection = host.spawn(index, events);
      return {
        ...connection,
        close: () => {
          closed.push(index);
          return connection.close();
        },
      };
    },
  };
  const settings = { replicas: 3, gemm: 'auto', profile: false } as const;
  await assert.rejects(CpuExecutor.create(short, settings), {
    name: 'ExecutorError',
    message: /could not start: no worker for replica 2: no more threads/,
  });
  assert.deepEqual(closed.sort(), [0, 1]);
});

test('times of a worker that is gone are an error of the executor', async () => {
  const settings = { replicas: 2, gemm: 'auto', profile: true } as const;
  const executor = await CpuExecutor.create(
    sabotagedHost('setTimeout(process.exit, 300, 3)'),
    settings,
  );
  const prepared = await executor.prepare(longPlans(2));
  await executor.run(prepared, 0, PARAMETERS);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await assert.rejects(executor.timings(prepared), {
    name: 'ExecutorError',
    message: /ended with 3/,
  });
  await executor.dispose();
});

for (const [what, action, expected] of [
  [
    'a call that throws',
    "throw new TypeError('boom')",
    /call 2 of plan 'tiny' \(matmul, forward of 'layer_a'\) failed: TypeError: boom/,
  ],
  [
    'a call that rejects',
    "return Promise.reject(new Error('later'))",
    /call 2 of plan 'tiny' \(matmul, forward of 'layer_a'\) failed: Error: later/,
  ],
  ['a worker that dies', 'process.exit(3)', /ended with 3/],
] as const) {
  test(`${what} does not leave the others waiting`, async () => {
    const settings = { replicas: 3, gemm: 'auto', profile: false } as const;
    const executor = await CpuExecutor.create(sabotagedHost(action), settings);
    const prepared = await executor.prepare(longPlans(3));
    await assert.rejects(executor.run(prepared, 0, PARAMETERS), {
      name: 'ExecutorError',
      message: expected,
    });
    await assert.rejects(executor.run(prepared, 0, PARAMETERS), {
      name: 'ExecutorError',
      message: /has stopped; create a new one/,
    });
    await executor.dispose();
  });
}

test('a program that forgets to dispose still ends, after its work', async () => {
  const script = `
    import { createCpuExecutor } from ${JSON.stringify(new URL('../../node/cpu-executor.js', import.meta.url).href)};
    const executor = await createCpuExecutor({ replicas: 2 });
    const plans = ${JSON.stringify(longPlans(2))};
    const prepared = await executor.prepare(plans);
    await executor.run(prepared, 0, { step: 1, learningRate: 0, seed: 0 });
    console.log('worked');`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', script],
    { timeout: 30_000 },
  );
  assert.equal(stdout, 'worked\n');
});
