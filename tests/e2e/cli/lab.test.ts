import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { chooseLabDataset } from '../../../cli/lab-dataset.js';
import { findDatasets } from '../../../src/node.js';
import { jsonLines, residuum, start, temporaryFolder } from './command.js';

suite('residuum lab', () => {
  const folder = temporaryFolder({ after });

  test('without a name it lists the experiments with question, cost and paper', async () => {
    const { code, stdout } = await residuum(['lab'], folder);
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^degradation\n {2}.*\?\n {2}Cost: .*\. With --full: about .*\. After He et al.*\n {2}Not in every seed: .*2 of 3/,
    );
    const rows = jsonLines((await residuum(['lab', '--json'], folder)).stdout);
    assert.ok(
      rows.length >= 5 &&
        rows.every(({ name, question, cost, paper }) => name && question && cost && paper),
    );
  });

  const run = [
    'lab',
    'shattering',
    '--seeds',
    '1',
    '--depth',
    '12',
    '--width',
    '16',
    '--out',
    'lab',
  ];

  test('an experiment leaves a report, figures, data and how to repeat it', async () => {
    const { code, stdout, stderr } = await residuum(run, folder);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /Report: lab\/shattering\/report\.html/);
    const own = join(folder, 'lab/shattering');
    for (const name of [
      'report.html',
      'result.json',
      'autocorrelation.csv',
      'autocorrelation.svg',
      'autocorrelation.png',
    ]) {
      assert.ok(statSync(join(own, name)).size > 100, name);
    }
    const html = readFileSync(join(own, 'report.html'), 'utf8');
    assert.match(html, /residuum lab shattering --seeds 1 --depth 12 --width 16/);
    assert.ok(!/(src|href)="(?!#|data:)/.test(html), 'nothing beside the page');
    const { seeds, settings, command } = JSON.parse(
      readFileSync(join(own, 'result.json'), 'utf8'),
    ) as Record<string, unknown>;
    assert.deepEqual(seeds, [0]);
    assert.equal((settings as Record<string, number>).depth, 12);
    assert.match(String(command), /^residuum lab shattering/);
    const [head, row] = readFileSync(join(own, 'autocorrelation.csv'), 'utf8').split('\n');
    assert.equal(head, 'network,seed,lag,autocorrelation');
    assert.match(row, /^1 layer,0,0,1$/);
  });

  test('finished parts are taken from the folder; a damaged one is computed again', async () => {
    const again = await residuum([...run, '--json'], folder);
    const events = jsonLines(again.stdout);
    assert.deepEqual(
      events.map(({ event }) => event),
      ['result'],
    );
    const [part] = readdirSync(join(folder, 'lab/parts'));
    writeFileSync(join(folder, 'lab/parts', part), '{"half');
    const mended = jsonLines((await residuum([...run, '--json'], folder)).stdout);
    assert.deepEqual(mended.at(-1)?.measured, events[0].measured);
    assert.equal(
      new Set(mended.flatMap(({ part: name }) => (name === undefined ? [] : [name]))).size,
      1,
    );
  });

  test('Ctrl-C keeps what is finished, and the same command goes on', async () => {
    const args = [
      'lab',
      'shattering',
      '--seeds',
      '2',
      '--depth',
      '40',
      '--width',
      '32',
      '--out',
      'stopped',
      '--json',
    ];
    const running = start(args, folder);
    await running.outputs(/"part":"shallow seed 1"/);
    running.process.kill('SIGINT');
    const { code, stderr } = await running.finished;
    assert.equal(code, 130, stderr);
    assert.match(stderr, /the same command goes on from there/);
    assert.ok(!existsSync(join(folder, 'stopped/shattering')));
    const parts = jsonLines((await residuum(args, folder)).stdout).map(({ part }) => part);
    assert.ok(
      !parts.includes('shallow seed 0') && parts.includes('residual seed 1'),
      String(parts),
    );
  });

  test('the data set that is chosen is the one named, small, or whole for --full where it is', async () => {
    const found = (await findDatasets()).some((one) => one.name === 'fashion-mnist' && one.found);
    assert.equal(await chooseLabDataset({}), 'fashion-mnist-mini');
    assert.equal(await chooseLabDataset({ full: true, dataset: 'cifar10' }), 'cifar10');
    assert.equal(await chooseLabDataset({ full: true, data: 'a/folder' }), 'fashion-mnist');
    assert.equal(
      await chooseLabDataset({ full: true }),
      found ? 'fashion-mnist' : 'fashion-mnist-mini',
    );
  });

  for (const [what, args, message] of [
    ['an unknown experiment', ['lab', 'gradient'], /^residuum: .*gradients/],
    [
      'both scales',
      ['lab', 'shattering', '--quick', '--full'],
      /--quick and --full exclude each other/,
    ],
    ['no seeds', ['lab', 'shattering', '--seeds', '0'], /whole number of at least 1|from 1/],
    ['a depth that no network has', ['lab', 'degradation', '--depth', '21'], /6n \+ 2/],
    [
      'a folder that is a file',
      ['lab', 'shattering', '--out', 'a-file/lab'],
      /cannot make the folder/,
    ],
    ['an unknown data set', ['lab', 'degradation', '--dataset', 'fashion'], /fashion-mnist/],
    ['data of 100 classes', ['lab', 'degradation', '--dataset', 'cifar100'], /has 100 classes/],
    [
      'a depth beside itself',
      ['lab', 'lesion', '--depth', '20'],
      /depth 20 is that of the network/,
    ],
  ] as const) {
    test(`${what} is told in one sentence`, async () => {
      writeFileSync(join(folder, 'a-file'), '');
      const { code, stderr, stdout } = await residuum(args, folder);
      assert.ok(code !== 0 && code !== null);
      assert.match(stderr, message);
      assert.ok(!stderr.includes('    at '), stderr + stdout);
    });
  }
});
