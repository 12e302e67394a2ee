import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { jsonLines, MINI_FOLDER, residuum, temporaryFolder } from './command.js';

const IMAGES = 'train-images-idx3-ubyte.gz';
const LABELS = 'train-labels-idx1-ubyte.gz';
const SMALL = ['--model', 'small-resnet', '--limit', '50', '--batch-size', '25', '--epochs', '1'];

suite('bad input', () => {
  const folder = temporaryFolder({ after });

  /** Expects one sentence on stderr, an exit code, and no new file. */
  async function refuses(args: readonly string[], message: RegExp, code = 1): Promise<void> {
    const files = readdirSync(folder, { recursive: true }).length;
    const result = await residuum(args, folder);
    const what = `residuum ${args.join(' ')}`;
    assert.match(result.stderr, /^residuum: [^\n]+\n$/, what);
    assert.match(result.stderr, message, what);
    assert.equal(result.code, code, what);
    assert.equal(readdirSync(folder, { recursive: true }).length, files, `${what} left files`);
  }

  /** A data folder of which one file is other than it should be. */
  function dataFolder(name: string, file: string, content: Uint8Array | string): string {
    const data = join(folder, name);
    cpSync(MINI_FOLDER, data, { recursive: true });
    rmSync(join(data, file.endsWith('.gz') ? file : `${file}.gz`));
    writeFileSync(join(data, file), content);
    return name;
  }

  /** A copy of the good run, without earlier generations, of which one file is other than it should be. */
  function runFolder(
    name: string,
    file: string,
    change: (content: Buffer) => Buffer | string,
  ): string {
    const isLater = (path: string) => !path.includes('.previous.');
    cpSync(join(folder, 'good'), join(folder, name), { recursive: true, filter: isLater });
    writeFileSync(join(folder, name, file), change(readFileSync(join(folder, 'good', file))));
    return name;
  }

  before(async () => {
    const { code, stderr } = await residuum(['train', ...SMALL, '--out', 'good'], folder);
    assert.equal(code, 0, stderr);
    mkdirSync(join(folder, 'empty'));
    mkdirSync(join(folder, 'full'));
    writeFileSync(join(folder, 'full/letter.txt'), 'hello');
  });

  test('data folders', async () => {
    const images = readFileSync(join(MINI_FOLDER, IMAGES));
    const labels = gunzipSync(readFileSync(join(MINI_FOLDER, LABELS)));
    const few = Buffer.from(labels.subarray(0, 8 + 50));
    few.writeUInt32BE(50, 4);
    const wrong = Buffer.from(labels);
    wrong[100] = 77;
    const long = Buffer.concat([labels, Buffer.from('more')]);
    const big = Buffer.from(labels);
    big.writeUInt32BE(0xffffffff, 4);
    const wide = Buffer.alloc(16 + 2000 * 32 * 32);
    [0x803, 2000, 32, 32].forEach((value, i) => {
      wide.writeUInt32BE(value, 4 * i);
    });
    const wideFolder = dataFolder('wide', 'train-images-idx3-ubyte', wide);
    const wideLabels = Buffer.from(labels.subarray(0, 8 + 2000));
    wideLabels.writeUInt32BE(2000, 4);
    rmSync(join(folder, wideFolder, LABELS));
    writeFileSync(join(folder, wideFolder, 'train-labels-idx1-ubyte'), wideLabels);
    const cases: [data: string, message: RegExp][] = [
      ['missing', /cannot read the data folder missing: there is no such file/],
      ['empty', /folder empty lacks the training images/],
      ['full/letter.txt', /it is no folder/],
      [dataFolder('cut', IMAGES, images.subarray(0, 100_000)), /cut\/train-images.*truncated/],
      [dataFolder('text', IMAGES, 'hello'), /is no IDX file/],
      [dataFolder('few', 'train-labels-idx1-ubyte', few), /10000 images.* 50 labels/],
      [dataFolder('wrong', 'train-labels-idx1-ubyte', wrong), /holds label 77 at index 92/],
      [dataFolder('long', 'train-labels-idx1-ubyte', long), /long\/train-labels/],
      [dataFolder('big', 'train-labels-idx1-ubyte', big), /big\/train-labels/],
      [wideFolder, /images of shape \[32, 32, 1\].*\[28, 28, 1\]/],
    ];
    for (const [data, message] of cases) {
      await refuses(['train', ...SMALL, '--data', data, '--out', 'new'], message);
    }
    await refuses(['evaluate', 'good', '--data', 'missing'], /cannot read the data folder missing/);
  });

  test('names, with the nearest one', async () => {
    await refuses(['trian'], /unknown command 'trian' \(Did you mean train\?\)/, 2);
    await refuses(['help', 'trian'], /no such command; 'residuum --help' lists them/, 2);
    await refuses(
      ['train', '--epoch', '3'],
      /unknown option '--epoch' \(Did you mean --epochs\?\)/,
      2,
    );
    await refuses(
      ['train', '--optimizer', 'adm'],
      /one of adam, .*sgd, .*; did you mean 'adam'\?/,
      2,
    );
    await refuses(['train', '--gemm', 'blas'], /one of onnxruntime, wasm/, 2);
    await refuses(
      ['train', '--model', 'resnet5'],
      /unknown model 'resnet5'; did you mean 'resnet50'\?/,
    );
    await refuses(['train', '--model', '__proto__'], /unknown model '__proto__'/);
    await refuses(
      ['train', '--dataset', 'minst'],
      /unknown dataset 'minst'; did you mean 'mnist'\?/,
    );
    await refuses(
      ['train', '--dataset', './photos'],
      /cannot read the folder of images \.\/photos: there is no such folder/,
    );
    await refuses(['evaluate', 'good', '--dataset', 'mnits'], /did you mean 'mnist'\?/);
    await refuses(['summary', 'resnet5'], /did you mean 'resnet50'\?/);
  });

  test('numbers', async () => {
    const cases: [option: string, value: string][] = [
      ['--epochs', '0'],
      ['--epochs', 'two'],
      ['--epochs', '1.5'],
      ['--batch-size', '0'],
      ['--batch-size', '-5'],
      ['--learning-rate', '-1'],
      ['--learning-rate', '0'],
      ['--learning-rate', 'NaN'],
      ['--learning-rate', 'Infinity'],
      ['--limit', '0'],
      ['--replicas', '0'],
      ['--replicas', '1000'],
      ['--seed', '-1'],
    ];
    for (const [option, value] of cases) {
      const message = new RegExp(
        `option '${option} <\\w+>' argument '${value}' is invalid. It must be a`,
      );
      await refuses(['train', option, value], message, 2);
    }
    await refuses(['train', 'run.json', 'something'], /too many arguments/, 2);
    await refuses(['train', 'something'], /cannot read the description of a run something/);
    await refuses(['evaluate'], /missing required argument 'run'/, 2);
  });

  test('folders of runs', async () => {
    const json = (change: (text: string) => string) => (content: Buffer) =>
      change(content.toString());
    const cases: [run: string, message: RegExp][] = [
      ['missing', /cannot open the run missing: there is no such file/],
      ['empty', /empty is no run: it has no run\.json/],
      ['full/letter.txt', /is no run: it is no folder/],
      [
        runFolder('cut', 'run.json', (c) => c.subarray(0, 300)),
        /cut\/run\.json is damaged: it is not JSON/,
      ],
      [
        runFolder(
          'typed',
          'run.json',
          json((t) => t.replace('"epochs": 1', '"epochs": "1"')),
        ),
        /typed\/run\.json is damaged: 'settings\.epochs' is "1"/,
      ],
      [
        runFolder('short', 'model.safetensors', (c) => c.subarray(0, 5000)),
        /short\/model\.safetensors is damaged: its content does not fit its checksum/,
      ],
      [
        runFolder('zeroed', 'model.safetensors', (c) => Buffer.alloc(c.length)),
        /zeroed\/model\.safetensors/,
      ],
    ];
    for (const [run, message] of cases) {
      await refuses(['evaluate', run], message);
      if (!/model/.test(message.source)) await refuses(['train', '--resume', run], message);
    }
    rmSync(join(folder, 'short/model.safetensors'));
    await refuses(
      ['predict', 'short', 'x.png'],
      /cannot read the image x\.png: there is no such file/,
    );
    await refuses(['summary', './short'], /cannot read model file short\/model\.safetensors/);
    await refuses(
      ['train', '--resume', 'good', '--model', 'resnet50'],
      /--model cannot be given with --resume/,
    );
  });

  test('images', async () => {
    const png = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1, 2, 3]);
    writeFileSync(join(folder, 'broken.png'), png);
    await refuses(['predict', 'good', 'full/letter.txt'], /must be a PNG or JPEG file/);
    await refuses(['predict', 'good', 'broken.png'], /broken\.png is no image that can be read/);
    await refuses(['predict', 'good', 'empty'], /it is no regular file/);
  });

  test('where a run cannot be saved', async () => {
    await refuses(['train', ...SMALL, '--out', 'full'], /full is not empty and is no run/);
    await refuses(['train', ...SMALL, '--out', 'good'], /good already holds a run.*--resume good/);
    await refuses(['train', ...SMALL, '--out', 'full/letter.txt'], /it is no folder/);
    await refuses(['train', ...SMALL, '--out', 'full/letter.txt/run'], /it is no folder/);
    if (process.platform === 'linux') {
      await refuses(
        ['train', ...SMALL, '--out', '/proc/residuum/run'],
        /cannot make the folder \/proc/,
      );
    }
  });

  test('what fails before the first step leaves no folder', async () => {
    const args = ['train', '--batch-size', '9000', '--epochs', '1', '--json', '--out', 'huge'];
    const { code, stdout, stderr } = await residuum(args, folder);
    assert.equal(code, 1);
    assert.match(stderr, /^residuum: [^\n]*use a smaller batch size[^\n]*\n$/);
    assert.equal(jsonLines(stdout).at(-1)?.event, 'error');
    assert.ok(!existsSync(join(folder, 'huge')));
  });

  test('a loss that becomes NaN stops the run and keeps the good weights', async () => {
    const options = [...SMALL, '--optimizer', 'sgd', '--learning-rate', '1e30', '--limit', '200'];
    const { code, stdout, stderr } = await residuum(
      ['train', ...options, '--json', '--out', 'diverged'],
      folder,
    );
    assert.equal(code, 1);
    assert.match(stderr, /^residuum: the loss became NaN at step \d of epoch 1; [^\n]+\n$/);
    assert.deepEqual(Object.keys(jsonLines(stdout).at(-1) ?? {}), ['event', 'code', 'message']);
    const evaluated = await residuum(['evaluate', 'diverged', '--json'], folder);
    assert.equal(evaluated.code, 0, evaluated.stderr);
    assert.ok(Number.isFinite(jsonLines(evaluated.stdout)[0].loss));
    const refused = await residuum(['train', '--resume', 'diverged'], folder);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /give a lower --learning-rate/);
  });

  test('errors are JSON too when asked for, and stack traces are shown with --debug', async () => {
    const args = ['train', '--data', 'missing', '--json', '--debug'];
    const { code, stdout, stderr } = await residuum(args, folder);
    assert.equal(code, 1);
    const [error] = jsonLines(stdout);
    assert.deepEqual([error.event, error.code], ['error', 'E_DATA']);
    assert.match(
      stderr,
      /^residuum: cannot read the data folder missing[^\n]+\nDataError: .*\n +at /,
    );
    const usage = await residuum(['train', '--epochs', 'x', '--json'], folder);
    assert.equal(usage.code, 2);
    assert.equal(jsonLines(usage.stdout)[0].code, 'E_USAGE');
  });
});
