import { decodeSafetensors, encodeSafetensors, type Model, type TensorInput } from '../library.js';

const ITERATIONS = 'iterations';
const NOTE = 'note';

/** Weights and optimizer state of a model with a note, as the bytes of one file: all of it is kept, or nothing. */
export async function captureModel(model: Model, note: unknown): Promise<Uint8Array> {
  const tensors = new Map<string, TensorInput>();
  for (const { entry, variable } of model.namedVariables) {
    tensors.set(`weight/${entry}`, { shape: [variable.size], data: await variable.read() });
  }
  const { iterations, slots } = await model.optimizerState();
  for (const [slot, values] of slots) {
    for (const [entry, data] of values) {
      tensors.set(`slot/${slot}/${entry}`, { shape: [data.length], data });
    }
  }
  const chunks = encodeSafetensors(tensors, {
    [ITERATIONS]: String(iterations),
    [NOTE]: JSON.stringify(note),
  });
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Puts weights and optimizer state back into a model of the same structure. @returns the note. */
export async function restoreModel(model: Model, bytes: Uint8Array): Promise<unknown> {
  const { tensors, metadata } = decodeSafetensors(bytes, { source: 'a network kept by the lab' });
  const find = (name: string) => tensors.get(name)?.data as Float32Array | undefined;
  for (const { entry, variable } of model.namedVariables) {
    variable.write(find(`weight/${entry}`) ?? []);
  }
  const slots = new Map<string, Map<string, Float32Array>>();
  for (const slot of model.optimizer.slots) {
    const values = new Map<string, Float32Array>();
    for (const { entry } of model.namedVariables) {
      const value = find(`slot/${slot}/${entry}`);
      if (value !== undefined) values.set(entry, value);
    }
    slots.set(slot, values);
  }
  await model.setOptimizerState({ iterations: Number(metadata[ITERATIONS]), slots });
  return JSON.parse(metadata[NOTE]);
}
