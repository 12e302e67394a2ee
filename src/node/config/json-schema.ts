import { nearestName, ValueError } from '../../core/errors.js';

/** The part of JSON Schema that is understood here. */
export interface JsonSchema {
  readonly type?: 'object' | 'array' | 'string' | 'number' | 'integer';
  readonly enum?: readonly (string | number)[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Checks a value of JSON.
 * @param source the file's name, for messages.
 * @throws {ValueError} naming the file, the path in it, what stands there and what was expected.
 */
export function checkJson(value: unknown, schema: JsonSchema, source: string): void {
  check(value, schema, '', { root: schema, source });
}

interface Context {
  readonly root: JsonSchema;
  readonly source: string;
}

function check(value: unknown, given: JsonSchema, path: string, context: Context): void {
  const schema = resolved(given, context.root);
  const fail = (expected: string) => {
    const place = path === '' ? 'it' : path;
    return new ValueError(`${context.source}: ${place} is ${shown(value)}, expected ${expected}.`);
  };
  if (schema.enum !== undefined && !schema.enum.some((one) => one === value)) {
    throw fail(`one of ${schema.enum.join(', ')}`);
  }
  switch (schema.type) {
    case 'object': {
      if (!isObject(value)) throw fail('an object');
      checkMembers(value, schema, path, context);
      break;
    }
    case 'array': {
      if (!Array.isArray(value)) throw fail('a list');
      const { items } = schema;
      if (items === undefined) break;
      value.forEach((item: unknown, i) => {
        check(item, items, `${path}[${i}]`, context);
      });
      break;
    }
    case 'string':
      if (typeof value !== 'string') throw fail('a text');
      break;
    case 'integer':
    case 'number':
      if (!isInRange(value, schema)) throw fail(describeRange(schema));
      break;
    default:
  }
}

function checkMembers(value: Json, schema: JsonSchema, path: string, context: Context): void {
  const { properties = {}, required = [], additionalProperties = true } = schema;
  const at = (key: string) => (path === '' ? key : `${path}.${key}`);
  for (const key of required) {
    if (Object.hasOwn(value, key)) continue;
    throw new ValueError(`${context.source}: ${at(key)} is missing.`);
  }
  for (const [key, member] of Object.entries(value)) {
    if (Object.hasOwn(properties, key)) check(member, properties[key], at(key), context);
    else if (typeof additionalProperties === 'object') {
      check(member, additionalProperties, at(key), context);
    } else if (!additionalProperties) throw unknownKey(at(key), key, properties, context.source);
  }
}

function unknownKey(path: string, key: string, known: object, source: string): ValueError {
  const names = Object.keys(known).filter((name) => !name.startsWith('$'));
  const near = nearestName(key, names);
  const hint = near === undefined ? `known are ${names.join(', ')}` : `did you mean '${near}'?`;
  return new ValueError(`${source}: there is no setting ${path}; ${hint}`);
}

function resolved(schema: JsonSchema, root: JsonSchema): JsonSchema {
  if (schema.$ref === undefined) return schema;
  const name = schema.$ref.replace('#/$defs/', '');
  return { ...root.$defs?.[name], ...schema };
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isInRange(value: unknown, schema: JsonSchema): boolean {
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = schema;
  if (typeof value !== 'number' || value < minimum || value > maximum) return false;
  if (schema.exclusiveMinimum !== undefined && value <= schema.exclusiveMinimum) return false;
  return schema.type === 'number' ? Number.isFinite(value) : Number.isSafeInteger(value);
}

function describeRange({ type, minimum, exclusiveMinimum, maximum }: JsonSchema): string {
  const noun = type === 'integer' ? 'a whole number' : 'a number';
  const bounds = [
    ...(minimum === undefined ? [] : [`≥ ${minimum}`]),
    ...(exclusiveMinimum === undefined ? [] : [`> ${exclusiveMinimum}`]),
    ...(maximum === undefined ? [] : [`≤ ${maximum}`]),
  ];
  return bounds.length === 0 ? noun : `${noun} ${bounds.join(' and ')}`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
