import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { PlanReport, StepProfile } from '../../../src/node.js';
import { jsonLines, residuum, temporaryFolder } from './command.js';

const SMALL = ['--model', 'small-resnet', '--limit', '120', '--batch-size', '50', '--epochs', '1'];

test('plan explains fusions, memory and the time of a step; with --no-measure its costs', async (t) => {
  const folder = temporaryFolder(t);
  const small = ['plan', 'small-resnet', '--batch-size', '4'];
  const shown = await residuum([...small, '--no-measure', '--buffers'], folder);
  assert.equal(shown.code, 0, shown.stderr);
  for (const expected of [
    /^train small_resnet: 4 samples a step, .* GFLOP in \d+ calls$/m,
    /^memory of a replica: .* MB without sharing$/m,
    /^batchNorm \+ relu, forward +\d+ +bn takes in activation,/m,
    /^conv2dFilterGradient \(im2col by \d+\) +\d+ /m,
    /^res2a_branch2a +3 /m,
    /^array +id +arena +from byte +bytes +shape +calls +shares memory with$/m,
  ]) {
    assert.match(shown.stdout, expected);
  }
  assert.doesNotMatch(shown.stdout, /GFLOP\/s/);

  const timed = await residuum(small, folder);
  assert.match(timed.stdout, /^batchNorm \+ relu, forward +\d+ +bn takes in activation,/m);
  assert.match(timed.stdout, /^layer +calls +ms +share +GFLOP +GFLOP\/s +MB +GB\/s/m);

  const measured = await residuum(
    [...small, '--measure', '2', '--replicas', '2', '--json'],
    folder,
  );
  assert.equal(measured.code, 0, measured.stderr);
  const [report] = jsonLines(measured.stdout) as unknown as (PlanReport & {
    profile: StepProfile;
  })[];
  assert.deepEqual(report.shares, [2, 2]);
  assert.ok(report.buffers.some(({ sharesWith }) => sharesWith.length > 0));
  assert.equal(report.profile.flops, report.flops);
  assert.equal(report.profile.runs, 2);
  assert.equal(report.profile.calls.length, report.calls.length);
  assert.equal(report.profile.replicas.length, 2);

  const calls = await residuum(
    ['plan', 'small-resnet', '--calls', '--no-measure', '--step', 'predict'],
    folder,
  );
  assert.match(calls.stdout, /^ *0 +conv2d +\{.*x=input\S*@\d+ w=conv\/kernel@s0 -> y=/m);
});

test('train --profile tells where the time went, and the run keeps it', async (t) => {
  const folder = temporaryFolder(t);
  const text = await residuum(['train', ...SMALL, '--profile', '--out', 'run'], folder);
  assert.equal(text.code, 0, text.stderr);
  for (const expected of [
    /^train small_resnet: [\d.]+ ms a step of 50, \d+ samples\/s \(mean of 1 step\), \d+ GFLOP\/s$/m,
    /^replica +samples +computing ms +waiting ms +copying ms$/m,
    /^imbalance [\d.]+ %; /m,
    /^layer +calls +ms +share +GFLOP +GFLOP\/s +MB +GB\/s +forward +backward$/m,
    /^train small_resnet, 20 samples: /m,
  ]) {
    assert.match(text.stdout, expected);
  }
  const path = join(folder, 'run/profile.json');
  const profiles = JSON.parse(readFileSync(path, 'utf8')) as StepProfile[];
  assert.deepEqual(
    profiles.map(({ name, samples }) => `${name} ${samples}`),
    [
      ...['train small_resnet 50', 'train small_resnet 20'],
      ...['evaluate small_resnet 50', 'evaluate small_resnet 20'],
    ],
  );

  const json = await residuum(['train', ...SMALL, '--profile', '--json', '--out', 'two'], folder);
  const event = jsonLines(json.stdout).find((one) => one.event === 'profile');
  assert.equal(event?.file, join('two', 'profile.json'));
  assert.equal((event?.step as StepProfile | undefined)?.samples, 50);
  const plan = await residuum(['plan', 'run', '--batch-size', '2', '--no-measure'], folder);
  assert.match(plan.stdout, /^train small_resnet: 2 samples a step/m);
});
