import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { resolveSchedule, scheduleNames } from '../../src/node.js';

/** Rates of a schedule of the real Keras or PyTorch, by the number of steps before. */
interface Case {
  name: string;
  options: Record<string, unknown>;
  rates: [step: number, rate: number][];
}

const NAMES: Readonly<Record<string, string>> = { OneCycleLR: 'oneCycle' };
const OPTIONS: Readonly<Record<string, string>> = { max_lr: 'maxLearningRate' };

const camelCase = (name: string) =>
  name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

const cases = ['keras', 'torch'].flatMap((framework) => {
  const name = `../../../tests/parity/fixtures/schedules-${framework}.json`;
  return JSON.parse(readFileSync(fileURLToPath(new URL(name, import.meta.url)), 'utf8')) as Case[];
});

/** Keras computes in float32. */
const TOLERANCE = 2e-6;

const seen = new Set<string>();
for (const { name, options, rates } of cases) {
  const ours = NAMES[name] ?? name[0].toLowerCase() + name.slice(1);
  seen.add(ours);
  test(`${name} ${JSON.stringify(options)}`, () => {
    const config = Object.entries(options).map(([key, value]) => {
      return [OPTIONS[key] ?? camelCase(key), value];
    });
    const schedule = resolveSchedule(ours, Object.fromEntries(config));
    const top = Math.max(...rates.map(([, rate]) => rate));
    for (const [step, rate] of rates) {
      const error = Math.abs(schedule.at(step) - rate) / top;
      assert.ok(error <= TOLERANCE, `after ${step} steps: ${schedule.at(step)} instead of ${rate}`);
    }
    const again = resolveSchedule(schedule.name, schedule.getConfig());
    assert.deepEqual(again.getConfig(), schedule.getConfig());
    assert.equal(again.at(17), schedule.at(17));
  });
}

test('every schedule but the warm-up, which is ours, was compared', () => {
  assert.deepEqual([...seen].sort(), scheduleNames.filter((name) => name !== 'warmUp').sort());
});
