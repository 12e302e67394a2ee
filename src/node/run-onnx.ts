import { ExecutorError } from '../core/errors.js';
import { requirePackage } from './onnx-sessions.js';

/** An array that goes into an ONNX model or comes out of one. */
export interface OnnxArray {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Record<string, object>): Promise<Record<string, { data: unknown; dims: number[] }>>;
  release(): Promise<void>;
}

interface Library {
  Tensor: new (type: 'float32', data: Float32Array, shape: readonly number[]) => object;
  InferenceSession: { create(model: Uint8Array, options?: object): Promise<Session> };
}

/** Whether `onnxruntime-node` is installed and loads on this platform. */
export async function hasOnnxRuntime(): Promise<boolean> {
  return requirePackage('onnxruntime-node').then(
    () => true,
    () => false,
  );
}

/**
 * Runs an ONNX file once in `onnxruntime-node`.
 * @param inputs in the order of the file. @returns the outputs in the order of the file.
 * @throws {ExecutorError} when ONNX Runtime is not installed or refuses the file.
 */
export async function runOnnx(
  model: Uint8Array,
  inputs: readonly OnnxArray[],
): Promise<OnnxArray[]> {
  const library = (await requirePackage('onnxruntime-node')) as Library;
  let session: Session | undefined;
  try {
    session = await library.InferenceSession.create(model);
    const { inputNames, outputNames } = session;
    const feeds = Object.fromEntries(
      inputs.map(({ data, shape }, i) => [
        inputNames[i],
        new library.Tensor('float32', data, shape),
      ]),
    );
    const results = await session.run(feeds);
    return outputNames.map((name) => {
      const { data, dims } = results[name];
      return { data: Float32Array.from(data as Float32Array), shape: dims };
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new ExecutorError(`ONNX Runtime does not run the file: ${reason}`);
  } finally {
    await session?.release();
  }
}
