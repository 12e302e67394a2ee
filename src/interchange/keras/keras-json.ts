import { FormatError } from '../../core/errors.js';

/** A JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** An error that names the place in a config, such as `config.layers[3]`. */
export function configError(where: string, problem: string): FormatError {
  return new FormatError(`Keras config: ${where} ${problem}`);
}

/** A value as it stands in a message, shortened. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/** An object. @throws {FormatError} for anything else. */
export function asObject(value: unknown, where: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw configError(where, `must be an object, got ${shown(value)}`);
}

/** A list. @throws {FormatError} for anything else. */
export function asList(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw configError(where, `must be a list, got ${shown(value)}`);
}

/** A text. @throws {FormatError} for anything else. */
export function asText(value: unknown, where: string): string {
  if (typeof value === 'string') return value;
  throw configError(where, `must be a text, got ${shown(value)}`);
}

/** `kernelSize` → `kernel_size`, `keepDims` → `keepdims`, as Keras writes options. */
export function toSnakeCase(option: string): string {
  if (option === 'keepDims') return 'keepdims';
  return option
    .replace(/([A-Z])/g, '_$1')
    .replace(/([a-z])([12])$/, '$1_$2')
    .toLowerCase();
}

/** `kernel_size` → `kernelSize`, `keepdims` → `keepDims`. */
export function toCamelCase(option: string): string {
  if (option === 'keepdims') return 'keepDims';
  return option.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** `MaxPooling2D` → `max_pooling2d`, as Keras names the groups of weight files. */
export function classToSnakeCase(className: string): string {
  return className
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

/** An object in Keras's own form. */
export function kerasObject(module: string, className: string, config: Json): Json {
  return { module, class_name: className, config, registered_name: null };
}

/** Class and options of a serialised object. @throws {FormatError} for anything else. */
export function asKerasObject(value: unknown, where: string): { className: string; config: Json } {
  const object = asObject(value, where);
  const className = asText(object.class_name, `${where}.class_name`);
  if (className === 'function') {
    const name = `${String(object.module)}.${String(object.config)}`;
    throw configError(where, `is the function ${shown(name)}, which is never looked up or called`);
  }
  return { className, config: asObject(object.config ?? {}, `${where}.config`) };
}

/**
 * Checks an option that this library does not have against the only values that mean the same.
 * @throws {FormatError} naming the option and its value.
 */
export function requireOneOf(value: unknown, allowed: readonly unknown[], where: string): void {
  if (allowed.some((one) => JSON.stringify(one) === JSON.stringify(value))) return;
  const list = allowed.map(shown).join(' or ');
  throw configError(where, `is ${shown(value)}, and only ${list} can be carried over`);
}

/**
 * JSON as Python's Keras takes it: it refuses a momentum that is written as a whole number. No text can
 * hold the pattern, since quotes in texts are escaped.
 */
export function stringifyForKeras(value: unknown): string {
  return JSON.stringify(value).replace(/("momentum":\d+)(?=[,}])/g, '$1.0');
}
