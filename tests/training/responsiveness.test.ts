import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smallResnet } from '../../src/node.js';
import { samples } from './small-models.js';

const TICK = 10;
/** Longest time in milliseconds that the main thread may be busy without a break. */
const LONGEST_GAP = 100;
/** Shortest step, in milliseconds, that tells anything. */
const SHORTEST_STEP = 120;

test('the main thread keeps its timers while steps take longer than they', async () => {
  const model = smallResnet({ inputShape: [28, 28, 1], classes: 3, filters: [32, 32] });
  model.compile({ loss: 'categoricalCrossentropy', optimizer: 'adam', replicas: 2 });
  let training = false;
  let started = 0;
  const steps: number[] = [];
  const gaps: number[] = [];
  let last = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    if (training) gaps.push(now - last);
    last = now;
  }, TICK);
  const onTrainBatchBegin = (): void => {
    started = performance.now();
  };
  const onTrainBatchEnd = (batch: number): void => {
    // The first step waits for workers to start and for plans to be compiled.
    if (batch > 0) steps.push(performance.now() - started);
    if (!training) last = performance.now();
    training = true;
  };
  const callbacks = [{ onTrainBatchBegin, onTrainBatchEnd }];
  await model.fit(...samples(5 * 300, [28, 28, 1]), { batchSize: 300, verbose: false, callbacks });
  training = false;
  clearInterval(timer);
  await model.dispose();
  const shortest = Math.min(...steps);
  assert.ok(shortest > SHORTEST_STEP, `steps of ${shortest} ms are too short for this test`);
  const longest = Math.max(...gaps);
  assert.ok(longest < LONGEST_GAP, `the main thread was busy for ${longest} ms on end`);
});
