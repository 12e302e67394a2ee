import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { Random } from '../../src/core/random.js';
import { encodeModel } from '../../src/models/model-file.js';
import { RunFolder } from '../../src/node/run-folder.js';
import { checkCheckpoint } from '../../src/node/runs/checkpoint.js';
import { temporaryFolder } from '../e2e/cli/command.js';
import { finishTiny, interruptTiny, resultOf, trainTiny } from './tiny-run.js';

const MODEL = 'model.safetensors';
const PREVIOUS = 'model.previous.safetensors';

suite('damaged runs', () => {
  const folder = temporaryFolder({ after });
  const path = (...parts: string[]) => join(folder, ...parts);
  let whole: ReturnType<typeof resultOf>;
  let copies = 0;

  /** A copy of the interrupted run: its newest checkpoint is of step 5, the one before it of step 4. */
  const copy = () => {
    const name = `copy-${copies++}`;
    cpSync(path('interrupted'), path(name), { recursive: true });
    return path(name);
  };

  before(async () => {
    await trainTiny(path('whole'));
    whole = resultOf(path('whole'));
    await interruptTiny(path('interrupted'), 5);
  });

  test('as it is, the run goes on from its newest checkpoint', async () => {
    const run = copy();
    assert.deepEqual(await finishTiny(run), []);
    assert.deepEqual(resultOf(run), whole);
  });

  test('500 truncations and 1,000 flipped bits of a checkpoint: each is detected', () => {
    const bytes = readFileSync(path('interrupted', MODEL));
    const random = new Random(5);
    const below = (most: number) => random.nextUint32() % most;
    checkCheckpoint(bytes, MODEL, true);
    const refuse = (damaged: Uint8Array, what: string) =>
      assert.throws(() => checkCheckpoint(damaged, MODEL, true), { name: 'FormatError' }, what);
    for (let i = 0; i < 500; i++) {
      const length = below(bytes.length);
      refuse(bytes.subarray(0, length), `${length} bytes`);
    }
    for (let i = 0; i < 1000; i++) {
      // Half of them where it matters most: in the header.
      const place = below(i % 2 === 0 ? bytes.length : Math.min(4000, bytes.length));
      const bit = below(8);
      const damaged = Uint8Array.from(bytes);
      damaged[place] ^= 1 << bit;
      refuse(damaged, `bit ${bit} of byte ${place}`);
    }
  });

  for (const [what, damage] of [
    ['cut off', (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
    ['empty', () => Buffer.alloc(0)],
    ['with a bit flipped in its weights', (bytes: Buffer) => flip(bytes, bytes.length - 100)],
    ['with a bit flipped in its header', (bytes: Buffer) => flip(bytes, 300)],
    [
      'without its checksum',
      (bytes: Buffer) =>
        Buffer.from(bytes.toString('latin1').replace('"sha256"', '"sha257"'), 'latin1'),
    ],
  ] as const) {
    test(`a checkpoint ${what}: the run goes on from the one before it, and says so`, async () => {
      const run = copy();
      writeFileSync(join(run, MODEL), damage(readFileSync(join(run, MODEL))));
      const notes = await finishTiny(run);
      assert.equal(notes.length, 1);
      assert.match(
        notes[0],
        /model\.safetensors.*The generation before it is whole.*model\.previous/,
      );
      assert.deepEqual(resultOf(run), whole);
    });
  }

  test('a missing checkpoint too', async () => {
    const run = copy();
    rmSync(join(run, MODEL));
    assert.match(
      (await finishTiny(run))[0],
      /model\.safetensors is missing\. The generation before/,
    );
    assert.deepEqual(resultOf(run), whole);
  });

  test('the good generation takes the place of the damaged one before anything is written', async () => {
    const run = copy();
    const good = readFileSync(join(run, PREVIOUS));
    writeFileSync(join(run, MODEL), 'damaged');
    const opened = await RunFolder.open(run);
    const { model } = await opened.readCheckpoint();
    await model.dispose();
    await opened.repair();
    assert.deepEqual(readFileSync(join(run, MODEL)), good);
  });

  test('with all generations damaged the run is refused in one sentence', async () => {
    const run = copy();
    for (const name of [MODEL, PREVIOUS]) writeFileSync(join(run, name), 'damaged');
    await assert.rejects(finishTiny(run), {
      name: 'FormatError',
      message: /model\.safetensors is damaged: its content does not fit its checksum\.$/,
    });
    writeFileSync(join(run, PREVIOUS), readFileSync(path('interrupted', PREVIOUS)));
    await finishTiny(run);
    assert.deepEqual(resultOf(run), whole);
  });

  test('run.json: every flipped bit and every truncation is detected, and the one before it is used', async () => {
    const text = readFileSync(path('interrupted', 'run.json'));
    const run = copy();
    const random = new Random(6);
    const damaged = [
      ...Array.from({ length: 60 }, () => text.subarray(0, random.nextUint32() % text.length)),
      ...Array.from({ length: 200 }, () => flip(text, random.nextUint32() % text.length)),
    ];
    for (const bytes of damaged) {
      writeFileSync(join(run, 'run.json'), bytes);
      const opened = await RunFolder.open(run);
      await opened.readRecord();
      assert.match(opened.notes[0] ?? '', /run\.json is damaged.*run\.previous\.json/);
    }
    const notes = await finishTiny(run);
    assert.match(notes[0], /run\.json is damaged/);
    assert.deepEqual(resultOf(run), whole);
  });

  test('a log that lost its end, or all of it: the weights are the same, and the lack is told', async () => {
    for (const left of [0, 300]) {
      const run = copy();
      const log = readFileSync(join(run, 'log.jsonl'));
      writeFileSync(join(run, 'log.jsonl'), log.subarray(0, left));
      assert.match((await finishTiny(run))[0], /log\.jsonl lacks steps/);
      assert.equal(resultOf(run).checkpoint, whole.checkpoint);
    }
  });

  test('a run of the first version, without checksums, goes on', async () => {
    const run = copy();
    const opened = await RunFolder.open(run);
    const record = await opened.readRecord();
    const { model, state } = await opened.readCheckpoint();
    for (const name of ['run.previous.json', PREVIOUS, '.lock'])
      rmSync(join(run, name), { force: true });
    const { sessions: _, ...first } = record;
    const position = state?.position;
    const json = { format: 'residuum-run', version: 1, ...first, position };
    writeFileSync(join(run, 'run.json'), JSON.stringify(json, null, 2));
    writeFileSync(join(run, MODEL), Buffer.concat(await encodeModel(model)));
    await model.dispose();
    assert.deepEqual(await finishTiny(run), []);
    const { log: _log, ...result } = resultOf(run);
    const { log: _whole, ...expected } = whole;
    assert.deepEqual({ ...result, checkpoint: '' }, { ...expected, checkpoint: '' });
  });

  test('a run that was killed before its first checkpoint begins anew', async () => {
    const opened = await RunFolder.open(path('interrupted'));
    const record = await opened.readRecord();
    const blank = { epoch: 0, batch: 0, samples: 0, sums: {} };
    const target = copy();
    for (const name of [MODEL, PREVIOUS, 'log.jsonl']) rmSync(join(target, name));
    const other = await RunFolder.open(target);
    await other.writeRecord({ ...record, position: blank, history: [] });
    await assert.rejects(finishTiny(target), /was killed before its first step.*begin anew/);
    const settings = { ...record.settings, model: 'small-resnet' };
    await other.writeRecord({ ...record, settings, position: blank, history: [] });
    await finishTiny(target);
    assert.equal(resultOf(target).status, 'done');
  });

  test('two processes cannot train one run', async () => {
    const run = copy();
    const held = await RunFolder.open(run);
    await held.lock();
    await assert.rejects(finishTiny(run), {
      name: 'DataError',
      message: new RegExp(`is being trained by process ${process.pid}; stop that first`),
    });
    await held.unlock();
    // Nobody has this number: the process that had it was killed.
    writeFileSync(join(run, '.lock'), JSON.stringify({ pid: 4194305, host: 'x', began: '1' }));
    await finishTiny(run);
    assert.deepEqual(resultOf(run), whole);
  });
});

function flip(bytes: Buffer, place: number): Buffer {
  const damaged = Buffer.from(bytes);
  damaged[place] ^= 1 << (place % 8);
  return damaged;
}
