import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { unzipSync, zipSync } from 'fflate';
import {
  adam,
  clearNames,
  conv2d,
  cosineDecay,
  createReferenceExecutor,
  decodeKeras,
  decodeLegacyH5,
  dense,
  encodeKeras,
  encodeKerasWeights,
  encodeLegacyH5,
  FormatError,
  input,
  lambda,
  loadKerasWeights,
  Model,
  matchKerasWeights,
  modelFormats,
  modelFromJson,
  modelToJson,
  Random,
  ResiduumError,
  sequential,
  sgd,
  warmUp,
} from 'residuum';
import { networkToConfig } from '../../src/network/config.js';
import { randomGraph } from '../interop/random-graphs.js';
import { buildModel } from '../layers/layer-row.js';
import { layerRows } from '../layers/layer-rows.js';

const bytesOf = async (chunks: readonly Uint8Array[]) =>
  new Uint8Array(await new Blob([...chunks] as BlobPart[]).arrayBuffer());

const codecs = [
  ['.keras', encodeKeras, decodeKeras],
  ['.h5', encodeLegacyH5, decodeLegacyH5],
] as const;

async function assertSame(loaded: Model, model: Model): Promise<void> {
  assert.deepEqual(networkToConfig(loaded.network), networkToConfig(model.network));
  assert.deepEqual(await loaded.getWeights(), await model.getWeights());
}

test('every layer in every setting comes back from .keras and .h5', async () => {
  for (const row of layerRows) {
    if (row.lambda !== undefined) continue;
    const model = await buildModel(row);
    for (const [ending, encode, decode] of codecs) {
      const loaded = await decode(await bytesOf(await encode(model)));
      await assertSame(loaded, model).catch((error: Error) => {
        throw new Error(`${row.className} ${row.title} ${ending}: ${error.message}`);
      });
    }
  }
});

test('random graphs come back from .keras, .h5, JSON and weights', async () => {
  for (let seed = 0; seed < 40; seed++) {
    const model = randomGraph(seed);
    for (const [, encode, decode] of codecs) {
      await assertSame(await decode(await bytesOf(await encode(model))), model);
    }
    const other = modelFromJson(modelToJson(model));
    for (const { variable } of other.namedVariables)
      variable.write(new Float32Array(variable.size));
    await loadKerasWeights(other, await bytesOf(await encodeKerasWeights(model)));
    await assertSame(other, model);
  }
});

/** A compiled model of one dense layer `[2, 3]`, trained for a step. */
async function trained(): Promise<Model> {
  clearNames();
  const x = input({ shape: [2], name: 'x' });
  const y = dense({ units: 3, activation: 'softmax', name: 'head' })(x);
  const model = new Model({ inputs: x, outputs: y, name: 'm' });
  const on = createReferenceExecutor();
  const optimizer = adam({ learningRate: 0.01 });
  model.compile({ optimizer, loss: 'categoricalCrossentropy', metrics: ['accuracy'], on });
  const samples = { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] };
  await model.trainOnBatch(samples, { data: Uint8Array.of(0, 2), shape: [2], oneHot: 3 });
  return model;
}

test('optimizer, losses, metrics and state come back', async () => {
  const model = await trained();
  for (const optimizer of [undefined, sgd({ momentum: 0.5, nesterov: true }), sgd()]) {
    if (optimizer) {
      const loss = ['sparseCategoricalCrossentropy'] as const;
      const metrics = ['topKAccuracy', 'mse'] as const;
      model.compile({
        optimizer,
        loss,
        lossWeights: [0.5],
        metrics,
        on: createReferenceExecutor(),
      });
    }
    for (const [, encode, decode] of codecs) {
      const bytes = await bytesOf(await encode(model));
      const loaded = await decode(bytes, { executor: 'reference' });
      assert.deepEqual(loaded.compileConfig(), model.compileConfig());
      const state = await loaded.optimizerState();
      assert.equal(state.iterations, (await model.optimizerState()).iterations);
      assert.equal((await decode(bytes, { compile: false })).compiled, false);
    }
  }
});

test('a learning-rate schedule comes back with the steps done; one that Keras lacks is refused', async () => {
  const model = await trained();
  const on = createReferenceExecutor();
  const decay = cosineDecay({
    initialLearningRate: 0.1,
    decaySteps: 9,
    warmupTarget: 0.2,
    warmupSteps: 3,
  });
  model.compile({ optimizer: adam({ learningRate: decay }), loss: 'categoricalCrossentropy', on });
  const samples = { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] };
  await model.trainOnBatch(samples, { data: Uint8Array.of(0, 2), shape: [2], oneHot: 3 });
  for (const [, encode, decode] of codecs) {
    const loaded = await decode(await bytesOf(await encode(model)), { executor: 'reference' });
    assert.deepEqual(loaded.compileConfig(), model.compileConfig());
    assert.deepEqual(await loaded.optimizerState(), await model.optimizerState());
    assert.equal(loaded.optimizer.learningRate, decay.at(1));
  }
  model.compile({ optimizer: sgd({ learningRate: warmUp(0.1, 3) }), loss: 'mse', on });
  for (const [, encode, decode] of codecs) {
    await assert.rejects(encode(model), /Keras has no learning-rate schedule 'warmUp'/);
    const bytes = await bytesOf(await encode(model, { compile: false }));
    assert.equal((await decode(bytes)).compiled, false);
  }
  await loadKerasWeights(model, await bytesOf(await encodeKerasWeights(model)));
});

test('a sequential model stays one', async () => {
  const layers = [dense({ units: 2, name: 'a' }), dense({ units: 1, name: 'b' })];
  const model = sequential({ inputShape: [3], layers, name: 's' });
  assert.match(modelToJson(model), /"class_name":"Sequential"/);
  for (const [, encode, decode] of codecs) {
    const loaded = await decode(await bytesOf(await encode(model)));
    await assertSame(loaded, model);
    assert.equal(modelToJson(loaded), modelToJson(model));
  }
});

test('a lambda and a loss of the user’s own are not written', async () => {
  const x = input({ shape: [2], name: 'x' });
  const model = new Model({ inputs: x, outputs: lambda((v) => v, { name: 'f' })(x) });
  await assert.rejects(encodeKeras(model), /layer 'f' is a Lambda/);
});

test('the first weight that does not fit is named with its path', async () => {
  const make = (units: number) => {
    const x = input({ shape: [4, 4, 1], name: 'x' });
    const y = conv2d({ filters: units, kernelSize: 3, name: 'stem' })(x);
    return new Model({ inputs: x, outputs: y, name: 'm' });
  };
  const bytes = await bytesOf(await encodeKerasWeights(make(2)));
  const model = make(3);
  const before = await model.getWeights();
  await assert.rejects(
    loadKerasWeights(model, bytes, 'w.weights.h5'),
    /w\.weights\.h5 does not fit model 'm': layer 'stem' takes kernel of shape \[3, 3, 1, 3\] from 'layers\/conv2d\/vars\/0', but the file has shape \[3, 3, 1, 2\] there; 1 more/,
  );
  assert.deepEqual(await model.getWeights(), before);
  const matches = matchKerasWeights(model, bytes);
  assert.deepEqual(
    matches.map(({ path, fileShape }) => [path, fileShape]),
    [
      ['layers/conv2d/vars/0', [3, 3, 1, 2]],
      ['layers/conv2d/vars/1', [2]],
    ],
  );
});

const hostile = fileURLToPath(
  new URL('../../../tests/interchange/fixtures/hostile/', import.meta.url),
);
const complaints: Record<string, RegExp> = {
  'external-link': /external link, which is never followed/,
  'soft-link': /soft link, which is never followed/,
  'soft-link-v2': /soft link, which is never followed/,
  'external-data': /lies in another file/,
  virtual: /is virtual/,
  'compression-bomb': /shape \[32768, 32768\]/,
  compressed: /is compressed/,
  chunked: /is chunked/,
  'never-written': /takes 24 bytes, but the file holds 0/,
  'huge-shape': /shape \[1099511627776, 1048576\]/,
  'other-type': /float of 2 bytes/,
  'big-endian': /big-endian float of 4 bytes/,
  circle: /the file holds no array there/,
};

test('hostile HDF5 files give an error that says why, and can be inspected', async () => {
  const files = (await readdir(hostile)).map((file) => file.replace('.h5', ''));
  assert.deepEqual(files.sort(), Object.keys(complaints).sort());
  for (const [name, message] of Object.entries(complaints)) {
    const bytes = await readFile(`${hostile}${name}.h5`);
    await assert.rejects(loadKerasWeights(await trained(), bytes), (error: Error) => {
      assert.ok(error instanceof FormatError, name);
      assert.match(error.message, message, name);
      return true;
    });
    const format = modelFormats.find((one) => one.name === 'keras-weights');
    const report = await format?.inspect(bytes, name);
    const unsafe = report?.findings.some(({ kind }) => kind === 'unsafe') ?? false;
    assert.equal(unsafe, /link/.test(name), name);
  }
});

/** The archive of a model with its members changed. */
async function archive(change: (members: Record<string, Uint8Array>) => void): Promise<Uint8Array> {
  const model = await trained();
  const members = unzipSync(await bytesOf(await encodeKeras(model)));
  change(members);
  return zipSync(members, { level: 0 });
}

function editConfig(edit: (text: string) => string): (members: Record<string, Uint8Array>) => void {
  return (members) => {
    const text = new TextDecoder().decode(members['config.json']);
    const edited = edit(text);
    assert.notEqual(edited, text);
    members['config.json'] = new TextEncoder().encode(edited);
  };
}

const dense3 = '"class_name":"Dense"';
const archives: Record<string, [(members: Record<string, Uint8Array>) => void, RegExp]> = {
  'a lambda': [
    editConfig((text) => text.replace(dense3, '"class_name":"Lambda"')),
    /config\.config\.layers\[1\] \('head'\) is a Lambda, whose code is never run/,
  ],
  'an unknown class': [
    editConfig((text) => text.replace(dense3, '"class_name":"Conv9D"')),
    /layers\[1\] \('head'\) is of the unknown class 'Conv9D'/,
  ],
  'a class of another module': [
    editConfig((text) =>
      text.replace(`"module":"keras.layers",${dense3}`, `"module":"os",${dense3}`),
    ),
    /layers\[1\] \('head'\) is the class 'Dense' of module 'os'/,
  ],
  'a registered class': [
    editConfig((text) =>
      text
        .replace('"name":"head","inbound', '"x":1,"name":"head","inbound')
        .replace(
          '"registered_name":null,"name":"head"',
          '"registered_name":"me>Dense","name":"head"',
        )
        .replace('"registered_name":null,"x":1', '"registered_name":"me>Dense","x":1'),
    ),
    /registered as 'me>Dense'/,
  ],
  'an unknown option': [
    editConfig((text) => text.replace('"units":3', '"units":3,"url":"http://x"')),
    /layers\[1\] \('head'\)\.config\.url is no option of Dense/,
  ],
  'a constraint': [
    editConfig((text) =>
      text.replace('"kernel_constraint":null', '"kernel_constraint":"max_norm"'),
    ),
    /config\.kernel_constraint is "max_norm", and only null/,
  ],
  'a prototype': [
    editConfig((text) => text.replace('"units":3', '"units":3,"__proto__":{"x":1}')),
    /forbidden name '__proto__'/,
  ],
  'a constructor': [
    editConfig((text) => text.replace('"units":3', '"units":3,"constructor":{"x":1}')),
    /forbidden name 'constructor'/,
  ],
  'a repeated key': [
    editConfig((text) => text.replace('"units":3', '"units":3,"units":4')),
    /holds 'units' twice/,
  ],
  'deep nesting': [
    editConfig((text) =>
      text.replace('"units":3', `"units":${'['.repeat(5000)}${']'.repeat(5000)}`),
    ),
    /nested more than 200 deep/,
  ],
  'another size': [
    editConfig((text) => text.replace('"units":3', '"units":33554432')),
    /takes kernel of shape \[2, 33554432\] from 'layers\/dense\/vars\/0', but the file has shape \[2, 3\]/,
  ],
  'an unknown optimizer': [
    editConfig((text) => text.replace('"class_name":"Adam"', '"class_name":"Evil"')),
    /compile_config\.optimizer is the optimizer 'Evil'/,
  ],
  'an unknown loss': [
    editConfig((text) =>
      text.replace('"class_name":"CategoricalCrossentropy"', '"class_name":"Evil"'),
    ),
    /is the loss 'Evil'/,
  ],
  'a member outside': [
    (members) => {
      members['../../etc/cron.d/x'] = Uint8Array.of(1);
    },
    /leads out of the archive/,
  ],
  'an absolute member': [
    (members) => {
      members['/etc/passwd'] = Uint8Array.of(1);
    },
    /leads out of the archive/,
  ],
  'no config': [
    (members) => {
      delete members['config.json'];
    },
    /lacks 'config\.json'/,
  ],
  'weights that are none': [
    (members) => {
      members['model.weights.h5'] = new Uint8Array(100);
    },
    /is no HDF5 file/,
  ],
};

for (const [title, [change, message]] of Object.entries(archives)) {
  test(`refuses ${title}`, async () => {
    const bytes = await archive(change);
    await assert.rejects(decodeKeras(bytes, { source: 'x' }), (error: Error) => {
      assert.ok(error instanceof FormatError, error.stack);
      assert.match(error.message, message);
      return true;
    });
  });
}

test('refuses a decompression bomb before it takes memory', async () => {
  const model = await trained();
  const members = unzipSync(await bytesOf(await encodeKeras(model)));
  members['model.weights.h5'] = new Uint8Array(2 ** 26);
  const bytes = zipSync(members, { level: 9 });
  assert.ok(bytes.length < 200_000);
  await assert.rejects(decodeKeras(bytes), /claims 67108864 bytes, but at most/);
});

/** The bytes cut off, or with some bits or bytes changed, where headers are more likely hit. */
function mutant(bytes: Uint8Array, random: Random): Uint8Array {
  if (random.uniform() < 0.15) return bytes.slice(0, random.integer(bytes.length));
  const changed = bytes.slice();
  for (let n = 1 + random.integer(8); n > 0; n--) {
    const share = random.uniform() < 0.5 ? random.uniform() ** 3 : random.uniform();
    const at = Math.floor(share * bytes.length);
    changed[at] =
      random.uniform() < 0.5 ? random.integer(256) : changed[at] ^ (1 << random.integer(8));
  }
  return changed;
}

for (const [ending, encode, decode] of [
  ...codecs,
  ['.weights.h5', encodeKerasWeights, undefined] as const,
]) {
  test(`2,000 mutants of ${ending} give typed errors or load`, { timeout: 120_000 }, async () => {
    const random = new Random(1, [ending.length]);
    const original = await bytesOf(await encode(await trained()));
    const target = await trained();
    let refused = 0;
    for (let i = 0; i < 2000; i++) {
      const bytes = mutant(original, random);
      try {
        if (decode === undefined) await loadKerasWeights(target, bytes);
        else await decode(bytes, { executor: 'reference' });
      } catch (error) {
        assert.ok(error instanceof ResiduumError, `mutant ${i}: ${(error as Error).stack}`);
        refused++;
      }
    }
    assert.ok(refused > 200, `${refused} mutants were refused`);
  });
}

test('2,000 archives with a mutant inside give typed errors or load', {
  timeout: 120_000,
}, async () => {
  const random = new Random(2, [7]);
  const members = unzipSync(await bytesOf(await encodeKeras(await trained())));
  let refused = 0;
  for (let i = 0; i < 2000; i++) {
    // The checksum is made anew, so that the mutant reaches the readers behind it.
    const name = i % 2 === 0 ? 'config.json' : 'model.weights.h5';
    const bytes = zipSync({ ...members, [name]: mutant(members[name], random) }, { level: 0 });
    try {
      await decodeKeras(bytes, { executor: 'reference' });
    } catch (error) {
      assert.ok(error instanceof ResiduumError, `mutant ${i}: ${(error as Error).stack}`);
      refused++;
    }
  }
  assert.ok(refused > 200, `${refused} mutants were refused`);
});
