import { FormatError } from '../core/errors.js';
import type { LayerEntry, NetworkConfig, TensorReference } from './config.js';

const MOST_LAYERS = 20_000;
const MOST_CALLS = 100_000;
const LONGEST_NAME = 200;

function fail(where: string, wanted: string): never {
  throw new FormatError(`model config: ${where} must be ${wanted}`);
}

function record(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(where, 'an object');
  // Without a prototype, a key such as `__proto__` is an ordinary key that nothing reads.
  return Object.assign(Object.create(null), value) as Record<string, unknown>;
}

function list(value: unknown, where: string, most: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length > most)
    fail(where, `a list of at most ${most} entries`);
  return value as readonly unknown[];
}

function name(value: unknown, where: string): string {
  if (typeof value !== 'string' || value.length === 0 || value.length > LONGEST_NAME) {
    fail(where, `a name of 1 to ${LONGEST_NAME} characters`);
  }
  return value as string;
}

function index(value: unknown, where: string): number {
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > MOST_CALLS) {
    fail(where, `an integer from 0 to ${MOST_CALLS}`);
  }
  return value as number;
}

function reference(value: unknown, where: string): TensorReference {
  const parts = list(value, where, 3);
  if (parts.length !== 3) fail(where, 'a tensor reference [layer, call, index]');
  const [layer, call, output] = parts;
  return [name(layer, `${where}[0]`), index(call, `${where}[1]`), index(output, `${where}[2]`)];
}

function references(value: unknown, where: string): TensorReference[] {
  return list(value, where, MOST_CALLS).map((item, i) => reference(item, `${where}[${i}]`));
}

function layerEntry(value: unknown, where: string): LayerEntry {
  const entry = record(value, where);
  const calls = list(entry.calls, `${where}.calls`, MOST_CALLS);
  if (typeof entry.trainable !== 'boolean') fail(`${where}.trainable`, 'true or false');
  return {
    className: name(entry.className, `${where}.className`),
    name: name(entry.name, `${where}.name`),
    trainable: entry.trainable as boolean,
    config: record(entry.config, `${where}.config`),
    calls: calls.map((call, i) => references(call, `${where}.calls[${i}]`)),
  };
}

/**
 * Checks the form of a network config that comes from a file: types, lengths and unique names, but not
 * the options of layers, which their constructors check.
 * @throws {FormatError} naming the entry at fault.
 */
export function validateNetworkConfig(value: unknown): NetworkConfig {
  const config = record(value, 'the model');
  const layers = list(config.layers, 'layers', MOST_LAYERS);
  const entries = layers.map((entry, i) => layerEntry(entry, `layers[${i}]`));
  const names = new Set<string>();
  let edges = 0;
  for (const entry of entries) {
    if (names.has(entry.name)) {
      throw new FormatError(`model config: two layers are named '${entry.name}'`);
    }
    names.add(entry.name);
    for (const call of entry.calls) edges += 1 + call.length;
  }
  if (edges > MOST_CALLS)
    fail('layers', `connected by at most ${MOST_CALLS} calls and inputs in all`);
  return {
    name: name(config.name, 'name'),
    layers: entries,
    inputs: references(config.inputs, 'inputs'),
    outputs: references(config.outputs, 'outputs'),
  };
}
