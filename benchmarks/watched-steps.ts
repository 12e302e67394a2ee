/**
 * What `gradientFlow` costs at every step: `node dist/benchmarks/watched-steps.js [replicas] [steps]`. The
 * article's network at batch 100; steps with and without a look by turns, so that both see the same machine.
 */
import { ArrayDataset, adam, type Callback, gradientFlow, type Model, resnet50 } from 'residuum';

const BATCH = 100;
/** An odd number of steps, so that epochs end in steps of both kinds. */
const IMAGES = 11 * BATCH;
/** Steps that warm up and are not counted. */
const FIRST = 6;

interface Times {
  /** Milliseconds of each step by the clock. */
  clock: number[];
  /** Milliseconds of processor time, of all threads together. */
  processor: number[];
}

function made(): ArrayDataset {
  const data = Float32Array.from(
    { length: IMAGES * 28 * 28 },
    (_, i) => (1 + Math.sin(i * 13)) / 2,
  );
  const labels = Float32Array.from({ length: IMAGES }, (_, i) => i % 10);
  return new ArrayDataset({
    inputs: { data, shape: [IMAGES, 28, 28, 1] },
    targets: { data: labels, shape: [IMAGES], oneHot: 10 },
  });
}

function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Trains so many steps, looking at every second one. */
async function measure(model: Model, steps: number): Promise<{ plain: Times; watched: Times }> {
  const flow = gradientFlow({ every: 1 });
  const plain: Times = { clock: [], processor: [] };
  const watched: Times = { clock: [], processor: [] };
  let [step, clock, processor] = [0, 0, 0];
  const byTurns: Callback = {
    setModel: (control, plan) => flow.setModel?.(control, plan),
    async onTrainBatchBegin(): Promise<void> {
      const now = [performance.now(), processorTime()];
      const last = step % 2 === 0 ? watched : plain;
      if (step > FIRST) {
        last.clock.push(now[0] - clock);
        last.processor.push(now[1] - processor);
      }
      [clock, processor] = now;
      if (step % 2 === 1) await flow.onTrainBatchBegin?.(step, {});
    },
    async onTrainBatchEnd(): Promise<void> {
      if (step % 2 === 1) await flow.onTrainBatchEnd?.(step, {});
      step++;
      if (step >= steps) model.stopTraining = true;
    },
  };
  const epochs = Math.ceil((steps * BATCH) / IMAGES);
  await model.fit(made(), { batchSize: BATCH, epochs, callbacks: [byTurns], verbose: false });
  return { plain, watched };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

const [replicas = 2, steps = 120] = process.argv.slice(2).map(Number);
const model = resnet50({ inputShape: [28, 28, 1], classes: 10 });
model.compile({ loss: 'categoricalCrossentropy', optimizer: adam(), replicas });
const { plain, watched } = await measure(model, steps);
await model.dispose();
for (const what of ['clock', 'processor'] as const) {
  const [without, withLook] = [median(plain[what]), median(watched[what])];
  const share = (100 * (withLook - without)) / without;
  console.log(
    `${what}, ${replicas} replicas: ${without.toFixed(1)} ms a step, ${withLook.toFixed(1)} ms with a look ` +
      `(${share.toFixed(1)} %; medians of ${watched[what].length})`,
  );
}
