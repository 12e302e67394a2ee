import assert from 'node:assert/strict';
import { unzipSync, zipSync } from 'fflate';
import {
  adam,
  clearNames,
  createReferenceExecutor,
  decodeKeras,
  decodeLegacyH5,
  dense,
  encodeKeras,
  encodeLegacyH5,
  input,
  Model,
} from '../../src/node.js';

/** The pieces of a file as one array. */
export const bytesOf = (pieces: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(Buffer.concat(pieces));

/** Both formats that hold a whole model. */
export const codecs = [
  ['.keras', encodeKeras, decodeKeras],
  ['.h5', encodeLegacyH5, decodeLegacyH5],
] as const;

/** A compiled model of one dense layer `[2, 3]`, trained for a step. */
export async function trainedModel(): Promise<Model> {
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

/** Members of an archive by name. */
export type Members = Record<string, Uint8Array>;

/** The members of a model's archive. */
export const membersOf = async (model: Model): Promise<Members> =>
  unzipSync(bytesOf(await encodeKeras(model)));

/** The archive of a model with its members changed. */
export async function changedArchive(
  model: Model,
  change: (members: Members) => void,
): Promise<Uint8Array> {
  const members = await membersOf(model);
  change(members);
  return zipSync(members, { level: 0 });
}

/** A change of the config's text, which must change something. */
export function editConfig(edit: (text: string) => string): (members: Members) => void {
  return (members) => {
    const text = new TextDecoder().decode(members['config.json']);
    const edited = edit(text);
    assert.notEqual(edited, text);
    members['config.json'] = new TextEncoder().encode(edited);
  };
}
