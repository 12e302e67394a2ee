import { createRequire } from 'node:module';
import { ExecutorError } from '../core/errors.js';
import { ONNX_TYPES } from '../formats/onnx/onnx-model.js';
import { encodeGemmModel, type GemmVariant, UNREADABLE_OUTPUT } from './gemm-onnx-model.js';

const require = createRequire(import.meta.url);

/** Tensors by name of input or output. */
export type OnnxTensors = Record<string, object>;

/** A loaded model. */
export interface OnnxSession {
  /** Computes into the tensors of `fetches`; done on return, or when the promise resolves. */
  run(feeds: OnnxTensors, fetches: OnnxTensors): void | Promise<void>;
}

/** A session that its user ends. */
export interface OwnedOnnxSession extends OnnxSession {
  /** Frees it. */
  release(): void;
}

/** Tensors of a product y = op(a) · op(b) (+ y). */
export interface OnnxOperands {
  a: object;
  b: object;
  y: object;
}

/** Products of one shape, of which none needs what another one writes. */
export interface OnnxProducts {
  variant: GemmVariant;
  /** As many as the variant counts. */
  operands: readonly OnnxOperands[];
  /** Size of all results together. */
  bytes: number;
}

/** ONNX Runtime, as far as matrix products and whole graphs need it. */
export interface OnnxRuntime {
  /** A tensor over the given array, without a copy. */
  tensor(data: Float32Array, shape: readonly number[]): object;
  /** A call that computes products into each `y`: done on return, or when the promise resolves. */
  products(products: OnnxProducts): () => void | Promise<void>;
  /** A session of a model of any kind, with so many threads. */
  load(model: Uint8Array, threads: number): OwnedOnnxSession;
  /** Whether products leave out the library's copies of large outputs. */
  readonly uncopied: boolean;
  /** Frees the sessions of products. */
  dispose(): Promise<void>;
}

/**
 * One thread: the replicas are the parallelism, and threads that spin while idle would slow the others.
 * No arena: outputs are preallocated, and an arena would keep what the packing of a product once took.
 */
const SESSION_OPTIONS = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  enableCpuMemArena: false,
  enableMemPattern: false,
  extra: { session: { intra_op: { allow_spinning: '0' } } },
};

/**
 * Options of graphs that compute for longer. Their arena keeps what the arrays between the nodes need.
 * Threads that spin between two nodes save waking them; they stop with the run.
 */
const graphOptions = (threads: number) => ({
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  graphOptimizationLevel: 'all',
  extra: {
    session: {
      intra_op: { allow_spinning: threads > 1 ? '1' : '0' },
      force_spinning_stop: '1',
    },
  },
});

interface NativeSession {
  loadModel(model: ArrayBufferLike, offset: number, length: number, options: object): void;
  run(feeds: OnnxTensors, fetches: Record<string, object | null>, options: object): unknown;
  dispose(): void;
}

interface NativeModule {
  binding: { InferenceSession: new () => NativeSession };
  initOrt(): void;
}

interface PublicSession {
  run(feeds: OnnxTensors, fetches: OnnxTensors): Promise<unknown>;
  release(): Promise<void>;
}

interface PublicModule {
  Tensor: new (type: 'float32', data: Float32Array, shape: readonly number[]) => object;
  InferenceSession: { create(model: Uint8Array, options: object): Promise<PublicSession> };
}

/**
 * Loads `onnxruntime-node`.
 * @throws ExecutorError when it is not installed or does not load on this platform.
 */
export async function loadOnnxRuntime(): Promise<OnnxRuntime> {
  const library = await requirePackage('onnxruntime-node');
  if (!isPublicModule(library)) {
    throw new ExecutorError(
      "'onnxruntime-node' has no Tensor and InferenceSession; install the version that residuum names.",
    );
  }
  const { Tensor } = library;
  const tensor = (data: Float32Array, shape: readonly number[]) =>
    new Tensor('float32', data, shape);
  const native = await requirePackage('onnxruntime-node/dist/binding.js').catch(() => undefined);
  return isNativeModule(native)
    ? { tensor, ...nativeSessions(native, tensor) }
    : { tensor, ...publicSessions(library) };
}

/**
 * From this size on products do without the library's copies of their outputs, in bytes. An error costs 7 µs;
 * the copy costs a fresh zeroed array, whose pages the kernel often has to find again, and its filling.
 */
const UNCOPIED_FROM = 1 << 16;

const UNREADABLE_MESSAGE = `Tensor type (${ONNX_TYPES.bfloat16}) is not supported.`;

/**
 * Sessions of the library's inner module, which run synchronously: 6 µs a call. The public class wraps
 * the same run in `setImmediate` and promises, which costs about twice as much and frees no thread.
 *
 * After a run the module copies every output into a new array, also one that it was given to compute into.
 * It does so in the order of the outputs and ends at the first that JavaScript can't have: large products
 * have such a one before their results, and the error that says so is the sign that these are computed.
 */
function nativeSessions(
  { binding, initOrt }: NativeModule,
  tensor: OnnxRuntime['tensor'],
): Omit<OnnxRuntime, 'tensor'> {
  initOrt();
  const sessions = new Map<string, NativeSession>();
  const runOptions = {};
  const sessionOf = (variant: GemmVariant, unreadable: boolean) => {
    const key = JSON.stringify([variant, unreadable]);
    let session = sessions.get(key);
    if (session === undefined) {
      const { buffer, byteOffset, byteLength } = encodeGemmModel(variant, { unreadable });
      session = new binding.InferenceSession();
      session.loadModel(buffer, byteOffset, byteLength, SESSION_OPTIONS);
      sessions.set(key, session);
    }
    return session;
  };
  const copied = ({ variant, operands }: OnnxProducts) => {
    const session = sessionOf(variant, false);
    const { feeds, fetches } = namedOperands(variant, operands);
    return () => {
      session.run(feeds, fetches, runOptions);
    };
  };
  const uncopied = ({ variant, operands }: OnnxProducts) => {
    const session = sessionOf(variant, true);
    const { feeds, fetches: results } = namedOperands(variant, operands);
    const fetches = { [UNREADABLE_OUTPUT]: null, ...results };
    return () => {
      try {
        session.run(feeds, fetches, runOptions);
      } catch (error) {
        if (!isUnreadable(error)) throw error;
      }
    };
  };
  const leavesOut = computesBeforeItEnds(uncopied, tensor);
  return {
    uncopied: leavesOut,
    products: (products) =>
      leavesOut && products.bytes >= UNCOPIED_FROM ? uncopied(products) : copied(products),
    load({ buffer, byteOffset, byteLength }, threads) {
      const session = new binding.InferenceSession();
      session.loadModel(buffer, byteOffset, byteLength, graphOptions(threads));
      return {
        run(feeds, fetches) {
          session.run(feeds, fetches, runOptions);
        },
        release: () => session.dispose(),
      };
    },
    async dispose() {
      for (const session of sessions.values()) session.dispose();
      sessions.clear();
    },
  };
}

/** Operands under the names that they have in the model of `encodeGemmModel`. */
function namedOperands({ accumulate }: GemmVariant, operands: readonly OnnxOperands[]) {
  const feeds: OnnxTensors = {};
  const fetches: OnnxTensors = {};
  for (const [i, { a, b, y }] of operands.entries()) {
    feeds[`a${i}`] = a;
    feeds[`b${i}`] = b;
    // Gemm copies its third input into the output first, which in place is no change.
    if (accumulate) feeds[`c${i}`] = y;
    fetches[`y${i}`] = y;
  }
  return { feeds, fetches };
}

/** Whether a product without its copy does compute, which another version of the library could change. */
function computesBeforeItEnds(
  uncopied: (products: OnnxProducts) => () => void,
  tensor: OnnxRuntime['tensor'],
): boolean {
  const y = new Float32Array(1);
  const variant = { transposeA: false, transposeB: false, accumulate: false, count: 1 };
  const one = (value: number) => tensor(Float32Array.of(value), [1, 1]);
  const operands = [{ a: one(2), b: one(3), y: tensor(y, [1, 1]) }];
  try {
    uncopied({ variant, operands, bytes: y.byteLength })();
    return y[0] === 6;
  } catch {
    return false;
  }
}

/** Whether this is how the library says that it can't give the output of a type that JavaScript lacks. */
function isUnreadable(error: unknown): boolean {
  return error instanceof Error && error.message === UNREADABLE_MESSAGE;
}

/** Sessions by the public API, should the inner module be gone. */
function publicSessions({ InferenceSession }: PublicModule): Omit<OnnxRuntime, 'tensor'> {
  const sessions = new Map<string, Promise<PublicSession>>();
  return {
    uncopied: false,
    products({ variant, operands }) {
      const key = JSON.stringify(variant);
      const session =
        sessions.get(key) ?? InferenceSession.create(encodeGemmModel(variant), SESSION_OPTIONS);
      sessions.set(key, session);
      const { feeds, fetches } = namedOperands(variant, operands);
      return async () => {
        await (await session).run(feeds, fetches);
      };
    },
    load(model, threads) {
      const session = InferenceSession.create(model, graphOptions(threads));
      return {
        async run(feeds, fetches) {
          await (await session).run(feeds, fetches);
        },
        release: () => void session.then((made) => made.release()).catch(() => undefined),
      };
    },
    async dispose() {
      for (const session of sessions.values()) await (await session).release();
      sessions.clear();
    },
  };
}

/**
 * What a package of the older module format exports. `require` takes half the time of `import` for it, and
 * the package's types are not needed to compile.
 * @throws ExecutorError when it does not load.
 */
export async function requirePackage(specifier: string): Promise<unknown> {
  try {
    return require(specifier);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    const error = new ExecutorError(`'${specifier}' does not load (${reason}); reinstall it.`);
    error.cause = cause;
    throw error;
  }
}

function isPublicModule(value: unknown): value is PublicModule {
  return (
    isObject(value) &&
    typeof value.Tensor === 'function' &&
    typeof value.InferenceSession === 'function'
  );
}

function isNativeModule(value: unknown): value is NativeModule {
  return (
    isObject(value) &&
    typeof value.initOrt === 'function' &&
    isObject(value.binding) &&
    typeof value.binding.InferenceSession === 'function'
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
