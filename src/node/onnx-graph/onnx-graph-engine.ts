import { sizeOf } from '../../core/shape.js';
import type { BufferId } from '../../plan/kernels.js';
import type { BoundStretch, GraphEngine, GraphHost } from '../../runtime/cpu/graph-engine.js';
import type { OnnxRuntime, OwnedOnnxSession } from '../onnx-sessions.js';
import { encodeStretch } from './encode-stretch.js';
import { findStretch, type Stretch, type StretchPort } from './find-stretch.js';
import type { ReadState } from './weight-recipe.js';

/** A session and who needs it. */
interface SharedSession {
  session: OwnedOnnxSession | undefined;
  /** Whether the present weights have been used before. */
  used: boolean;
  users: number;
}

/**
 * Runs the neighbouring calls of a plan that only uses its weights as one ONNX Runtime graph: the weights
 * are constants, packed once and with the normalisations inside. Making a session takes as long as some
 * batches, so weights that are used once, between two steps of training or for a single prediction, go
 * through the kernels; the second run makes the session, which serves any number of samples until the
 * weights change.
 */
export class OnnxGraphEngine implements GraphEngine {
  readonly name = 'onnxruntime';
  readonly #runtime: OnnxRuntime;
  readonly #sessions = new Map<string, SharedSession>();

  /** @param runtime ONNX Runtime; whoever loaded it disposes of it, after this. */
  constructor(runtime: OnnxRuntime) {
    this.#runtime = runtime;
  }

  bind(host: GraphHost): BoundStretch | undefined {
    const stretch = findStretch(host.plan);
    if (stretch === undefined) return undefined;
    const key = keyOf(host, stretch);
    const shared = this.#sessions.get(key) ?? { session: undefined, used: false, users: 0 };
    this.#sessions.set(key, shared);
    shared.users++;
    return {
      first: stretch.first,
      count: stretch.count,
      run: this.#bindRun(host, stretch, shared),
      release: () => {
        shared.users--;
        if (shared.users > 0) return;
        shared.session?.release();
        this.#sessions.delete(key);
      },
    };
  }

  weightsChanged(): void {
    // Called at every step of training, where there is nothing to do.
    if (this.#sessions.size === 0) return;
    for (const shared of this.#sessions.values()) {
      shared.session?.release();
      shared.session = undefined;
      shared.used = false;
    }
  }

  dispose(): void {
    this.weightsChanged();
    this.#sessions.clear();
  }

  #bindRun(host: GraphHost, stretch: Stretch, shared: SharedSession): BoundStretch['run'] {
    const feeds: Record<string, object> = {};
    const fetches: Record<string, object> = {};
    const copies: (() => void)[] = [];
    for (const port of stretch.inputs) {
      const { name, shape, view } = describe(host, stretch, port);
      feeds[name] = this.#runtime.tensor(view, shape);
    }
    for (const port of stretch.outputs) {
      const { name, shape, view } = describe(host, stretch, port);
      // The graph may fill an output before it has read an input that has had the same place.
      const own = stretch.inputs.some((input) => overlap(host, input.buffer, port.buffer));
      const target = own ? new Float32Array(view.length) : view;
      if (own) copies.push(() => view.set(target));
      fetches[name] = this.#runtime.tensor(target, shape);
    }
    const copy = () => {
      for (const one of copies) one();
    };
    return (calls) => {
      if (!shared.used) {
        shared.used = true;
        return calls();
      }
      shared.session ??= this.#load(host, stretch);
      const pending = shared.session.run(feeds, fetches);
      if (pending !== undefined) return pending.then(copy);
      copy();
    };
  }

  #load(host: GraphHost, stretch: Stretch): OwnedOnnxSession {
    const read: ReadState = ({ offset, shape }) => host.state(offset, sizeOf(shape));
    return this.#runtime.load(encodeStretch(stretch, read), host.threads);
  }
}

/** Stretches with equal keys can share a session, whatever their numbers of samples. */
function keyOf({ threads }: GraphHost, { graph, inputs, outputs }: Stretch): string {
  const ports = [inputs, outputs].map((side) =>
    side.map(({ tensor }) => [graph.form(tensor), tensor.tail]),
  );
  return JSON.stringify([threads, graph.nodes, ports, [...graph.constants.keys()]]);
}

function describe(host: GraphHost, { graph }: Stretch, { buffer, tensor }: StretchPort) {
  const { size } = host.plan.buffers[buffer];
  const shape = [size / sizeOf(tensor.tail), ...tensor.tail];
  return { name: graph.form(tensor), shape, view: host.view(buffer) };
}

function overlap({ plan: { buffers } }: GraphHost, a: BufferId, b: BufferId): boolean {
  const [first, second] = [buffers[a], buffers[b]];
  if (first.region !== second.region) return false;
  return first.offset < second.offset + second.size && second.offset < first.offset + first.size;
}
