import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ModelFormat } from '../../src/interchange/model-format.js';
import { safetensorsFormat } from '../../src/interchange/safetensors-format.js';
import { torchFormat } from '../../src/interchange/torch-format.js';
import { cifarPlain, Random, ResiduumError } from '../../src/node.js';
import { Limits } from './limits.js';
import { mutantCount } from './mutants.js';

const MUTANTS = mutantCount();
/** For a file that hangs; all mutants together take seconds. */
const timeout = 60 * MUTANTS;

const tiny = () => cifarPlain({ depth: 8, width: 2, inputShape: [4, 4, 1], classes: 2 });
const joined = (pieces: readonly Uint8Array[] = []) => new Uint8Array(Buffer.concat(pieces));

/** Reads a file as a user would; what it throws must be an error of this library. */
async function read(format: ModelFormat, bytes: Uint8Array): Promise<'loaded' | 'refused'> {
  try {
    await format.inspect(bytes, 'it');
    await format.importModel(bytes, { source: 'it', architecture: tiny });
    return 'loaded';
  } catch (error) {
    if (error instanceof ResiduumError) return 'refused';
    throw error;
  }
}

/** A change to a file: bits, a repeated or missing piece, or another number in its header. */
function mutate(file: Uint8Array, random: Random): Uint8Array {
  const bytes = file.slice();
  const header = 8 + Number(new DataView(file.buffer).getBigUint64(0, true));
  const place = () => random.integer(random.integer(2) === 0 ? bytes.length : header);
  switch (random.integer(5)) {
    case 0:
      return bytes.slice(0, random.integer(bytes.length));
    case 1: {
      const [from, to] = [place(), place()].sort((a, b) => a - b);
      return joined([bytes.slice(0, to), bytes.slice(from)]);
    }
    case 2: {
      const digits = [...bytes.keys()].filter(
        (i) => i < header && i >= 8 && (bytes[i] ^ 0x30) < 10,
      );
      for (let n = 1 + random.integer(4); n > 0; n--) {
        bytes[digits[random.integer(digits.length)]] = 0x30 + random.integer(10);
      }
      return bytes;
    }
    case 3:
      bytes[random.integer(8)] = random.integer(256);
      return bytes;
    default:
      for (let n = 1 + random.integer(8); n > 0; n--) bytes[place()] ^= 1 << random.integer(8);
      return bytes;
  }
}

for (const format of [torchFormat, safetensorsFormat]) {
  test(`${MUTANTS} mutants of ${format.title}: a typed error or a model`, { timeout }, async () => {
    const file = joined(await format.exportModel?.(tiny(), {}));
    assert.equal(await read(format, file), 'loaded');
    const counts = { loaded: 0, refused: 0 };
    const limits = new Limits();
    for (let seed = 0; seed < MUTANTS; seed++) {
      const mutant = mutate(file, new Random(seed));
      counts[await limits.hold(`mutant ${seed}`, () => read(format, mutant))]++;
    }
    assert.ok(counts.refused > MUTANTS / 2 && counts.loaded > 0, JSON.stringify(counts));
  });
}

/** A file with this header and so many bytes of data. */
function crafted(header: string, dataBytes = 0): Uint8Array {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const tensor = (shape: string, offsets: string, dtype = 'F32') =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}`;
const huge = new Uint8Array(64).fill(0x7b);
new DataView(huge.buffer).setBigUint64(0, 2n ** 63n, true);

const corpus: readonly (readonly [what: string, bytes: Uint8Array, message: RegExp])[] = [
  ['a header of 2^63 bytes', huge, /header claims 9223372036854775808 bytes/],
  [
    'a bomb of a shape',
    crafted(`{"a":${tensor('[4294967296,1048576]', '[0,4]')}}`, 4),
    /claims 4 bytes/,
  ],
  [
    'more elements than numbers have',
    crafted(`{"a":${tensor('[9007199254740991,9]', '[0,4]')}}`, 4),
    /too large/,
  ],
  ['bytes outside the file', crafted(`{"a":${tensor('[4]', '[0,16]')}}`, 4), /0 to 16 of 4 bytes/],
  [
    'tensors that overlap',
    crafted(`{"a":${tensor('[1]', '[0,4]')},"b":${tensor('[1]', '[0,4]')}}`, 4),
    /overlaps/,
  ],
  [
    'prototype pollution',
    crafted(`{"__proto__":${tensor('[1]', '[0,4]')}}`, 4),
    /forbidden name '__proto__'/,
  ],
  [
    'a key twice',
    crafted(`{"a":${tensor('[0]', '[0,0]')},"a":${tensor('[0]', '[0,0]')}}`),
    /'a' twice/,
  ],
  ['objects of Python', crafted(`{"a":${tensor('[1]', '[0,4]', 'OBJECT')}}`, 4), /dtype "OBJECT"/],
  ['deep nesting', crafted(`{"a":${'['.repeat(200_000)}`), /no JSON/],
];

for (const [what, bytes, message] of corpus) {
  test(`refuses ${what}`, async () => {
    const source = 'it';
    const limits = new Limits();
    const read = () => torchFormat.importModel(bytes, { source, architecture: tiny });
    await limits.hold(what, () => assert.rejects(read, message));
    await limits.hold(what, () => assert.rejects(torchFormat.inspect(bytes, source), message));
  });
}

test('a key that is a path opens nothing and is named', async () => {
  const bytes = crafted(`{"../../etc/passwd":${tensor('[1]', '[0,4]')}}`, 4);
  const options = { source: 'it', architecture: tiny };
  await assert.rejects(torchFormat.importModel(bytes, options), /no layer takes|no such key/);
});

test('a network of impossible size in a file is refused before memory is taken', async () => {
  const wide = 2 ** 25;
  const keys: [string, string][] = [
    ['conv1.weight', `[0,${wide},7,7]`],
    ['fc.weight', `[0,${wide}]`],
    ...[1, 2, 3, 4].flatMap((stage): [string, string][] => [
      [`layer${stage}.0.conv1.weight`, `[0,${wide},3,3]`],
      [`layer${stage}.0.conv2.weight`, `[0,${wide},3,3]`],
    ]),
  ];
  const header = keys.map(([key, shape]) => `"${key}":${tensor(shape, '[0,0]')}`).join();
  const bytes = crafted(`{${header}}`);
  await assert.rejects(torchFormat.importModel(bytes, { source: 'it' }), ResiduumError);
});

test('metadata of the wrong kind does not matter', async () => {
  const described = crafted('{"__metadata__":{"modules":"[null, 3]","format":"pt"}}');
  const { layers } = await torchFormat.inspect(described, 'it');
  assert.deepEqual(layers, []);
});
