import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { jsonLines, residuum, start, temporaryFolder } from './command.js';

const OPTIONS = ['--model', 'small-resnet', '--limit', '400', '--batch-size', '25', '--json'];
const TRAIN = ['train', ...OPTIONS, '--epochs', '2', '--out'];

const weights = (folder: string, run: string) =>
  readFileSync(join(folder, run, 'model.safetensors'));

function record(folder: string, run: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(folder, run, 'run.json'), 'utf8')) as Record<string, unknown>;
}

suite('resuming', () => {
  const folder = temporaryFolder({ after });
  let whole: Buffer;
  const figures = (name: string) =>
    (record(folder, name).history as { figures: object }[]).map((epoch) => {
      return { ...epoch.figures, seconds: 0 };
    });

  before(async () => {
    const { code, stderr } = await residuum([...TRAIN, 'whole'], folder);
    assert.equal(code, 0, stderr);
    whole = weights(folder, 'whole');
  });

  test('the same seed gives the same weights, another seed others', async () => {
    await residuum([...TRAIN, 'again'], folder);
    assert.deepEqual(weights(folder, 'again'), whole);
    await residuum([...TRAIN, 'other', '--seed', '1'], folder);
    assert.notDeepEqual(weights(folder, 'other'), whole);
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`${signal} in mid-epoch and --resume give the weights of an uninterrupted run`, async () => {
      const run = `stopped-${signal}`;
      const running = start([...TRAIN, run], folder);
      await running.outputs(/"batch".*\n.*"batch".*\n.*"batch"/);
      running.process.kill(signal);
      const stopped = await running.finished;
      assert.equal(stopped.code, 130, stopped.stderr);
      const end = jsonLines(stopped.stdout).at(-1) ?? {};
      assert.equal(end.status, 'interrupted');
      const done = Number(end.samples);
      assert.ok(end.epoch === 1 && done >= 75 && done < 400, JSON.stringify(end));
      assert.equal(record(folder, run).status, 'interrupted');

      const resumed = await residuum(['train', '--resume', run, '--json'], folder);
      assert.equal(resumed.code, 0, resumed.stderr);
      const [begin, batch] = jsonLines(resumed.stdout);
      assert.deepEqual([begin.resumed, begin.epoch, begin.samples], [true, 1, done]);
      assert.equal(batch.samples, done + 25);
      assert.deepEqual(weights(folder, run), whole);
      assert.deepEqual(figures(run), figures('whole'));
      assert.equal(record(folder, run).logSha256, record(folder, 'whole').logSha256);
    });
  }

  test('Ctrl-C during validation is exact too', async () => {
    const running = start([...TRAIN, 'validating'], folder);
    await running.outputs(/"samples":400/);
    running.process.kill('SIGINT');
    const stopped = await running.finished;
    assert.equal(stopped.code, 130, stopped.stderr);
    const resumed = await residuum(['train', '--resume', 'validating', '--json'], folder);
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.deepEqual(weights(folder, 'validating'), whole);
    assert.equal((record(folder, 'validating').history as unknown[]).length, 2);
  });

  test('a run that was killed goes on from its last saved epoch', async () => {
    const running = start([...TRAIN, 'killed'], folder);
    await running.outputs(/"event":"epoch"/);
    running.process.kill('SIGKILL');
    await running.finished;
    assert.equal(record(folder, 'killed').status, 'running');
    const resumed = await residuum(['train', '--resume', 'killed', '--json'], folder);
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.equal(jsonLines(resumed.stdout)[0].epoch, 2);
    assert.deepEqual(weights(folder, 'killed'), whole);
  });

  test('the checkpoint decides where to go on when run.json is older', async () => {
    const running = start([...TRAIN, 'torn'], folder);
    const before = () => readFileSync(join(folder, 'torn/run.json'), 'utf8');
    await running.outputs(/"event":"start"/);
    const old = before();
    await running.outputs(/"event":"epoch"/);
    running.process.kill('SIGKILL');
    await running.finished;
    writeFileSync(join(folder, 'torn/run.json'), old);
    const resumed = await residuum(['train', '--resume', 'torn'], folder);
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.match(resumed.stdout, /^Goes on in epoch 2 after 0 images\.$/m);
    assert.deepEqual(weights(folder, 'torn'), whole);
    assert.deepEqual(figures('torn'), figures('whole'));
  });

  test('a finished run goes on with more epochs, to the weights of a longer run', async () => {
    cpSync(join(folder, 'whole'), join(folder, 'longer'), { recursive: true });
    const refused = await residuum(['train', '--resume', 'longer'], folder);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^residuum: run longer is finished.*--epochs/);
    const longer = await residuum(
      ['train', '--resume', 'longer', '--epochs', '3', '--json'],
      folder,
    );
    assert.equal(longer.code, 0, longer.stderr);
    const args = ['train', ...OPTIONS, '--epochs', '3', '--out', 'three'];
    await residuum(args, folder);
    assert.deepEqual(weights(folder, 'longer'), weights(folder, 'three'));
  });

  test('a signal that comes twice at once, as under npx, is one', async () => {
    const running = start([...TRAIN, 'echo'], folder);
    await running.outputs(/"batch"/);
    running.process.kill('SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 20));
    running.process.kill('SIGINT');
    const { code, stdout } = await running.finished;
    assert.equal(code, 130);
    assert.equal(jsonLines(stdout).at(-1)?.status, 'interrupted');
    assert.equal(record(folder, 'echo').status, 'interrupted');
  });

  test('Ctrl-C saves the run also when whoever read the output is gone', async () => {
    const running = start([...TRAIN, 'unread'], folder);
    await running.outputs(/"batch"/);
    running.process.stdout?.destroy();
    running.process.stderr?.destroy();
    running.process.kill('SIGINT');
    assert.equal((await running.finished).code, 130);
    assert.equal(record(folder, 'unread').status, 'interrupted');
    await residuum(['train', '--resume', 'unread', '--json'], folder);
    assert.deepEqual(weights(folder, 'unread'), whole);
  });

  test('a second Ctrl-C ends at once', async () => {
    const running = start(['train', '--limit', '300', '--json', '--out', 'hurry'], folder);
    await running.outputs(/"batch"/);
    running.process.kill('SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 600));
    running.process.kill('SIGINT');
    const { code, stderr } = await running.finished;
    // By the signal itself, which a shell shows as 130; or 130 when the first was fast enough.
    assert.ok(code === null || code === 130, `${code}`);
    assert.equal(stderr, 'Stopping after this step. Press Ctrl-C again to stop at once.\n');
  });
});
