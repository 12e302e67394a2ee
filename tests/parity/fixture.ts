import { readFile } from 'node:fs/promises';
import { decodeSafetensors, type TensorEntry } from '../../src/node.js';

/** A layer of a fixture's network; options are Keras's in camelCase. */
export interface FixtureLayer {
  name: string;
  class: string;
  config: Record<string, unknown>;
  trainable?: boolean;
}

/** Errors of a framework's own float32 run, by tensor name; null where the truth is zero. */
export type Errors = Record<string, Record<string, number | null>>;

/** A network, its data and what the frameworks computed; `README.md` defines the format. */
export interface FixtureDescription {
  name: string;
  batch: number;
  inputs: { name: string; shape: number[] }[];
  layers: FixtureLayer[];
  calls: { name: string; layer: string; inputs: string[] }[];
  outputs: { call: string; loss: string; fromLogits: boolean; lossWeight: number }[];
  optimizer: { class: string } & Record<string, number | boolean | string>;
  losses: number[];
  inferenceLoss: number;
  zeroGradient: string[];
  float32LossErrors: Record<string, number[]>;
  float32Error: Errors;
  /** Names from which generated data is made, by tensor. */
  generatorNames?: Record<string, string>;
  float32AggregateError?: Record<string, Record<string, number>>;
}

/** A fixture's description and its tensors by name. */
export interface Fixture {
  description: FixtureDescription;
  tensors: ReadonlyMap<string, TensorEntry>;
}

const folder = new URL('../../../tests/parity/fixtures/', import.meta.url);

/** Reads `<name>.safetensors`. */
export async function readFixture(name: string): Promise<Fixture> {
  const bytes = await readFile(new URL(`${name}.safetensors`, folder));
  const { tensors, metadata } = decodeSafetensors(bytes, { source: name });
  return { description: JSON.parse(metadata.fixture) as FixtureDescription, tensors };
}

/** Values of a tensor of a fixture. */
export function values({ tensors }: Fixture, name: string): Float32Array | Float64Array {
  const data = tensors.get(name)?.data;
  if (data instanceof Float32Array || data instanceof Float64Array) return data;
  throw new Error(`the fixture has no float tensor '${name}'`);
}

/** A tensor of a fixture as samples for a model. */
export function samples(fixture: Fixture, name: string): { data: Float32Array; shape: number[] } {
  const shape = fixture.tensors.get(name)?.shape ?? [];
  return { data: Float32Array.from(values(fixture, name)), shape: [...shape] };
}
