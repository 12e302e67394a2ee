import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Zippable, zipSync } from 'fflate';
import {
  decodeKeras,
  decodeLegacyH5,
  encodeKerasWeights,
  encodeLegacyH5,
  FormatError,
  loadKerasWeights,
  modelFormats,
  modelFromJson,
  modelToJson,
  Random,
  ResiduumError,
} from '../../src/node.js';
import {
  bytesOf,
  changedArchive,
  codecs,
  editConfig,
  type Members,
  membersOf,
  trainedModel,
} from './keras-archives.js';
import { Limits } from './limits.js';
import { mutantCount } from './mutants.js';

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
    await assert.rejects(loadKerasWeights(await trainedModel(), bytes), (error: Error) => {
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

/** A function in Keras's form; Keras itself looked such ones up, and called them. */
const functionOf = (module: string, name: string) =>
  `{"module":"${module}","class_name":"function","config":"${name}","registered_name":"function"}`;
const command = functionOf('os', 'system');
const download = functionOf('keras.utils', 'get_file');
const dense3 = '"class_name":"Dense"';
const archives: Record<string, [(members: Members) => void, RegExp]> = {
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
  'a function of a module as an activation': [
    editConfig((text) => text.replace('"activation":"softmax"', `"activation":${command}`)),
    /activation/,
  ],
  'a function that downloads as an initializer': [
    editConfig((text) =>
      text.replace(
        /"bias_initializer":{.*?"registered_name":null}/,
        `"bias_initializer":${download}`,
      ),
    ),
    /bias_initializer/,
  ],
  'a function of a module as a loss': [
    editConfig((text) => text.replace(/"loss":{.*?"registered_name":null}/, `"loss":${command}`)),
    /compile_config\.loss\[0\] is the function "os\.system", which is never looked up/,
  ],
  'a function of a module as a metric': [
    editConfig((text) => text.replace('"metrics":["accuracy"]', `"metrics":[${command}]`)),
    /compile_config\.metrics\[0\]\[0\] is the function "os\.system"/,
  ],
  'a call that switches safety off': [
    editConfig((text) =>
      text.replace(
        '"layers":[',
        '"layers":[{"module":"keras.config","class_name":"function","config":"enable_unsafe_deserialization","registered_name":"function","name":"u","inbound_nodes":[]},',
      ),
    ),
    /layers\[0\] is the function "keras\.config\.enable_unsafe_deserialization"/,
  ],
  'a layer that unpickles': [
    editConfig((text) => text.replace(dense3, '"class_name":"TorchModuleWrapper"')),
    /unknown class 'TorchModuleWrapper'/,
  ],
  'a layer that reads a file or an address': [
    editConfig((text) =>
      text
        .replace(dense3, '"class_name":"StringLookup"')
        .replace('"units":3', '"vocabulary":"file:///etc/passwd"'),
    ),
    /unknown class 'StringLookup'/,
  ],
  'an argument that is no tensor': [
    editConfig((text) => text.replace('"kwargs":{}', `"kwargs":{"x":${command}}`)),
    /inbound_nodes\[0\]\.kwargs\.x is /,
  ],
  'an output named after a prototype': [
    editConfig((text) => text.replace('"loss_weights":null', '"loss_weights":{"prototype":1}')),
    /forbidden name 'prototype'/,
  ],
  'models in models in models': [
    editConfig((text) => {
      const [open, close] = ['{"class_name":"Functional","config":{"name":"n","layers":[', ']}}'];
      return text.replace('"layers":[', `"layers":[${open.repeat(40)}${close.repeat(40)},`);
    }),
    /nested more than 16 deep/,
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
    const bytes = await changedArchive(await trainedModel(), change);
    await assert.rejects(decodeKeras(bytes, { source: 'x' }), (error: Error) => {
      assert.ok(error instanceof FormatError, error.stack);
      assert.match(error.message, message);
      return true;
    });
  });
}

test('a path as the name of a layer is refused', async () => {
  const change = editConfig((text) => text.replaceAll('"head"', '"../../etc/passwd"'));
  const bytes = await changedArchive(await trainedModel(), change);
  await assert.rejects(
    decodeKeras(bytes),
    /layer name "\.\.\/\.\.\/etc\/passwd" must begin with a letter/,
  );
});

test('names that mean something to objects are names', async () => {
  const json = modelToJson(await trainedModel());
  for (const name of ['constructor', 'toString', 'prototype']) {
    assert.equal(modelFromJson(json.replaceAll('"head"', `"${name}"`)).layers[1].name, name);
  }
  assert.deepEqual(Object.keys(Object.prototype), []);
});

test('a Lambda in the older formats is refused, and never run', async () => {
  const model = await trainedModel();
  const lambda = modelToJson(model).replace(dense3, '"class_name":"Lambda"');
  assert.throws(() => modelFromJson(lambda), /is a Lambda, whose code is never run/);
  // A class name of the same length, in the file's own text.
  const text = Buffer.from(bytesOf(await encodeLegacyH5(model))).toString('latin1');
  const bytes = Buffer.from(text.replace('"Dense"', '"Evil!"'), 'latin1');
  await assert.rejects(decodeLegacyH5(bytes), /unknown class 'Evil!'/);
});

test('a link in an archive is a text like any other', async () => {
  const members: Zippable = await membersOf(await trainedModel());
  const target = new TextEncoder().encode('/etc/passwd');
  members['config.json'] = [target, { os: 3, attrs: 0o120777 << 16, level: 0 }];
  await assert.rejects(decodeKeras(zipSync(members)), /config\.json is no JSON/);
});

/** Where the directory's entry of a member begins. */
const entryOf = (zip: Uint8Array, name: string) =>
  Buffer.from(zip).lastIndexOf(Buffer.from(name)) - 46;

test('a member twice, and two members in one place, are refused', async () => {
  const zip = zipSync(await membersOf(await trainedModel()), { level: 0 });
  const twice = Buffer.from(
    zipSync({ 'config.json': new Uint8Array(1), 'config.jsox': new Uint8Array(1) }),
  );
  twice.write('config.json', entryOf(twice, 'config.jsox') + 46);
  await assert.rejects(decodeKeras(twice), /"config\.json" is there twice/);
  const view = new DataView(zip.buffer);
  const [config, weights] = ['config.json', 'model.weights.h5'].map((name) => entryOf(zip, name));
  view.setUint32(weights + 42, view.getUint32(config + 42, true), true);
  await assert.rejects(decodeKeras(zip), /damaged: its checksum or its size is wrong/);
});

test('refuses decompression bombs before they take memory', async () => {
  const limits = new Limits();
  const members = await membersOf(await trainedModel());
  for (const name of ['model.weights.h5', 'config.json', 'metadata.json']) {
    const bytes = zipSync({ ...members, [name]: new Uint8Array(2 ** 26) }, { level: 9 });
    assert.ok(bytes.length < 200_000);
    const format = modelFormats.find((one) => one.name === 'keras');
    const read = name === 'metadata.json' ? format?.inspect(bytes, 'x') : decodeKeras(bytes);
    const refused = assert.rejects(Promise.resolve(read), /claims 67108864 bytes, but at most/);
    await limits.hold(name, () => refused);
  }
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

const MUTANTS = mutantCount();
const timeout = 60 * MUTANTS;

/** Reads mutants within the limits: each is refused by a typed error, or loads. */
async function readMutants(
  make: (i: number) => Uint8Array,
  read: (bytes: Uint8Array) => Promise<unknown>,
): Promise<void> {
  const limits = new Limits();
  let refused = 0;
  for (let i = 0; i < MUTANTS; i++) {
    const bytes = make(i);
    try {
      await limits.hold(`mutant ${i}`, () => read(bytes));
    } catch (error) {
      assert.ok(error instanceof ResiduumError, `mutant ${i}: ${(error as Error).stack}`);
      refused++;
    }
  }
  assert.ok(refused > MUTANTS / 10, `${refused} mutants were refused`);
}

for (const [ending, encode, decode] of [
  ...codecs,
  ['.weights.h5', encodeKerasWeights, undefined] as const,
]) {
  test(`${MUTANTS} mutants of ${ending} give typed errors or load`, { timeout }, async () => {
    const random = new Random(1, [ending.length]);
    const original = bytesOf(await encode(await trainedModel()));
    const target = await trainedModel();
    await readMutants(
      () => mutant(original, random),
      async (bytes) => {
        if (decode === undefined) await loadKerasWeights(target, bytes);
        else await decode(bytes, { executor: 'reference' });
      },
    );
  });
}

test(`${MUTANTS} archives with a mutant inside give typed errors or load`, {
  timeout,
}, async () => {
  const random = new Random(2, [7]);
  const members = await membersOf(await trainedModel());
  const names = ['config.json', 'model.weights.h5'];
  // The checksum is made anew, so that the mutant reaches the readers behind it.
  const make = (i: number) => {
    const name = names[i % names.length];
    return zipSync({ ...members, [name]: mutant(members[name], random) }, { level: 0 });
  };
  await readMutants(make, (bytes) => decodeKeras(bytes, { executor: 'reference' }));
});

test(`${MUTANTS} archives with a damaged directory give typed errors or load`, {
  timeout,
}, async () => {
  const random = new Random(3, [5]);
  const zip = zipSync(await membersOf(await trainedModel()), { level: 6 });
  const directory = entryOf(zip, 'metadata.json');
  const make = () => {
    const bytes = zip.slice();
    bytes.set(mutant(bytes.subarray(directory), random), directory);
    return bytes;
  };
  await readMutants(make, (bytes) => decodeKeras(bytes, { executor: 'reference' }));
});
