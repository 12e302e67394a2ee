import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { RunFolder } from '../../../src/node/run-folder.js';
import { interruptTiny, trainTiny } from '../../runs/tiny-run.js';
import { jsonLines, residuum, temporaryFolder } from './command.js';

suite('runs', () => {
  const folder = temporaryFolder({ after });
  const path = (...parts: string[]) => join(folder, ...parts);

  before(async () => {
    const none = await residuum(['runs'], folder);
    assert.equal(none.stdout, 'There are no runs in runs.\n');
    mkdirSync(path('runs'));
    await trainTiny(path('runs/done'));
    await interruptTiny(path('runs/stopped'), 4);
    cpSync(path('runs/stopped'), path('runs/killed'), { recursive: true });
    const killed = await RunFolder.open(path('runs/killed'));
    await killed.writeRecord({ ...(await killed.readRecord()), status: 'running' });
    mkdirSync(path('runs/broken'));
    writeFileSync(path('runs/broken/run.json'), '{');
    mkdirSync(path('runs/other'));
  });

  test('a table of all, and one object a line', async () => {
    const { code, stdout, stderr } = await residuum(['runs'], folder);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^run +status +model +data +epochs/);
    assert.match(stdout, /^runs\/done +done +tiny +fashion-mnist-mini +2\/2 +[\d.]+ % +[\d.]+ %/m);
    assert.match(stdout, /^runs\/stopped +interrupted +tiny +fashion-mnist-mini +1\/2/m);
    assert.match(stdout, /^runs\/killed +killed /m);
    assert.match(stdout, /^Note: runs\/broken\/run\.json is damaged: it is not JSON\.$/m);
    const json = await residuum(['runs', 'list', '--json'], folder);
    const lines = jsonLines(json.stdout);
    const found = lines.map(({ path, status, epochs }) => `${path} ${status} ${epochs}`);
    assert.equal(found[0], 'runs/done done 2');
    assert.deepEqual(found.slice(1).sort(), [
      'runs/broken undefined undefined',
      'runs/killed killed 1',
      'runs/stopped interrupted 1',
    ]);
    const missing = await residuum(['runs', 'list', 'nowhere'], folder);
    assert.match(missing.stderr, /^residuum: cannot look for runs in nowhere: there is no such/);
  });

  test('a comparison shows the settings that differ, and all figures', async () => {
    const copied = await RunFolder.open(path('runs/stopped'));
    const record = await copied.readRecord();
    cpSync(path('runs/stopped'), path('runs/faster'), { recursive: true });
    const faster = await RunFolder.open(path('runs/faster'));
    const settings = { ...record.settings, learningRate: 0.5, augment: [{ name: 'flip' }] };
    await faster.writeRecord({ ...record, settings });
    const args = ['runs', 'compare', 'runs/done', 'runs/faster'];
    const { code, stdout, stderr } = await residuum(args, folder);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^ +runs\/done +runs\/faster *$/m);
    assert.match(stdout, /^optimizer\.learningRate +0\.01 +0\.5 *$/m);
    assert.match(stdout, /^data\.augment +\[\] +\[\{"name":"flip","horizontal":true,.*\}\] *$/m);
    assert.match(stdout, /^test accuracy +[\d.]+ *$/m);
    assert.doesNotMatch(stdout, /batchSize/);
    const json = jsonLines((await residuum([...args, '--json'], folder)).stdout)[0];
    assert.deepEqual(
      (json.settings as { name: string }[]).map(({ name }) => name),
      ['data.augment', 'optimizer.learningRate'],
    );
    const one = await residuum(['runs', 'compare', 'runs/done'], folder);
    assert.match(one.stderr, /only runs\/done was named/);
  });

  test('runs are removed only when asked for, and never one that is running', async () => {
    const prune = (...args: string[]) => residuum(['runs', 'prune', ...args], folder);
    assert.match((await prune()).stderr, /nothing says which runs to remove/);
    const asked = await prune('--status', 'killed');
    assert.equal(asked.code, 1);
    assert.match(asked.stderr, /1 run would be removed; confirm it by --yes/);
    assert.match((await prune('--status', 'killed', '--dry-run')).stdout, /^runs\/killed /m);
    const wouldBe = await prune('--status', 'killed', '--dry-run', '--json');
    assert.deepEqual(jsonLines(wouldBe.stdout), [{ wouldRemove: 'runs/killed' }]);
    assert.match((await prune('--older-than', '1', '--yes')).stdout, /There is nothing to remove/);
    assert.ok(existsSync(path('runs/killed')));

    // Another process that works on the run.
    const busy = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)']);
    after(() => busy.kill());
    const holder = { pid: busy.pid, host: hostname(), began: '' };
    writeFileSync(path('runs/killed/.lock'), JSON.stringify(holder));
    const kept = await prune('runs/killed', '--yes');
    assert.match(kept.stdout, /runs\/killed is running and stays/);
    assert.ok(existsSync(path('runs/killed')));
    writeFileSync(path('runs/killed/.lock'), '');

    const removed = await prune('runs/killed', 'runs/faster', '--yes', '--json');
    assert.deepEqual(jsonLines(removed.stdout), [
      { removed: 'runs/killed' },
      { removed: 'runs/faster' },
    ]);
    assert.ok(!existsSync(path('runs/killed')) && existsSync(path('runs/done')));
    assert.match((await prune('runs/other', '--yes')).stderr, /runs\/other is no run/);
  });
});
