/**
 * Base of every error that residuum throws on purpose. Its message is one sentence for the person at
 * the terminal: what came, what was expected, how to mend it. `code` is stable for programs.
 */
export class ResiduumError extends Error {
  /** Stable identifier such as `E_SHAPE`, for programs that react to an error. */
  readonly code: string;

  /** @param message one sentence. @param code stable identifier. */
  constructor(message: string, code = 'E_RESIDUUM') {
    super(message);
    this.name = new.target.name;
    this.code = code;
  }
}

/** Shapes that do not fit each other or the layer that received them. */
export class ShapeError extends ResiduumError {
  /** @param message names the layer, what came and what was expected. */
  constructor(message: string) {
    super(message, 'E_SHAPE');
  }
}

/** An option, number or array outside what the function accepts. */
export class ValueError extends ResiduumError {
  /** @param message names the option, what came and what was expected. */
  constructor(message: string) {
    super(message, 'E_VALUE');
  }
}

/** A model graph that is not well formed: dangling or foreign tensors, duplicate names. */
export class GraphError extends ResiduumError {
  /** @param message names the tensor or layer at fault. */
  constructor(message: string) {
    super(message, 'E_GRAPH');
  }
}

/** A file whose bytes are not what its format demands. */
export class FormatError extends ResiduumError {
  /** @param message names the file, what was found and what was expected. */
  constructor(message: string) {
    super(message, 'E_FORMAT');
  }
}

/** Data that is missing, unreadable or inconsistent (counts, labels, NaN). */
export class DataError extends ResiduumError {
  /** @param message names the data at fault. */
  constructor(message: string) {
    super(message, 'E_DATA');
  }
}

/** A failure inside an executor: a lost worker, memory that could not be had. */
export class ExecutorError extends ResiduumError {
  /** @param message says what failed and what to try. */
  constructor(message: string) {
    super(message, 'E_EXECUTOR');
  }
}

/** A training run whose loss is no longer a finite number. */
export class DivergenceError extends ResiduumError {
  /** @param message names the epoch and the step. */
  constructor(message: string) {
    super(message, 'E_DIVERGED');
  }
}

/** A name that no registry knows; the message offers the nearest known one. */
export class UnknownNameError extends ResiduumError {
  /**
   * @param kind what the name was meant for, such as `layer` or `optimizer`.
   * @param name the name received.
   * @param known every accepted name.
   */
  constructor(kind: string, name: string, known: readonly string[]) {
    const near = nearestName(name, known);
    const hint = near === undefined ? '.' : `; did you mean '${near}'?`;
    super(`unknown ${kind} '${name}'${hint} Known: ${known.join(', ')}.`, 'E_UNKNOWN');
  }
}

/**
 * The known name closest to `name` by edit distance (case folded), or undefined when none is near.
 * @param name the name received. @param known every accepted name.
 */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(previous[j] + 1, current[j - 1] + 1, substitution));
    }
    previous = current;
  }
  return previous[b.length];
}
