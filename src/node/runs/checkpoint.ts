import { FormatError } from '../../core/errors.js';
import { decodeSafetensors } from '../../formats/safetensors.js';
import type { Model } from '../../models/model.js';
import { decodeModel, encodeModel } from '../../models/model-file.js';
import type { ExecutorOptions } from '../../models/platform.js';
import type { LogMark } from './log-digest.js';
import { Field, readEpoch, readPosition } from './record-field.js';
import type { CallbackArrays } from './run-callbacks.js';
import type { EpochRecord, RunPosition } from './run-record.js';
import { checkSeal, seal, UNSEALED } from './seal.js';

/**
 * Where a run stands, kept in the same file as the weights. Nothing in it depends on a clock, so that two
 * runs that compute the same have checkpoints with the same bytes.
 */
export interface CheckpointState {
  readonly position: RunPosition;
  /** Epochs that are done, without the seconds that they took. */
  readonly history: readonly EpochRecord[];
  /** How far the log goes. */
  readonly log: LogMark;
  /** What callbacks have to remember, by place and name. */
  readonly callbacks: Readonly<Record<string, unknown>>;
  /**
   * `training`: there may be more to train; `ended`: a callback has ended training; `finished`: callbacks
   * have done what they do at the end, such as to bring the best weights back.
   */
  readonly phase: TrainingPhase;
}

/** How far the training of a run has come. */
export type TrainingPhase = (typeof PHASES)[number];

const PHASES = ['training', 'ended', 'finished'] as const;
const ARRAYS = 'callback/';

/** A checkpoint that was read. */
export interface Checkpoint {
  /** Compiled, with the state of its optimizer. */
  readonly model: Model;
  /** Where the run stands; runs of the first version do not tell. */
  readonly state: CheckpointState | undefined;
  /** Arrays of callbacks. */
  readonly arrays: CallbackArrays;
}

const VERSION = 1;
const MOST_EPOCHS = 1_000_000;

/**
 * A checkpoint as a file: the model as `encodeModel` writes it, with `run` (the state, JSON) and `sha256`
 * (the checksum of all bytes, taken with zeros in its place) in the metadata. The model may train on
 * while the pieces are written; they are a copy.
 * @returns the bytes in chunks, not sealed yet: see `sealCheckpoint`.
 */
export async function encodeCheckpoint(
  model: Model,
  state: CheckpointState,
  arrays: CallbackArrays = new Map(),
): Promise<Uint8Array[]> {
  const history = state.history.map(({ epoch, figures: { seconds: _, ...figures } }) => {
    return { epoch, figures };
  });
  const run = JSON.stringify({ version: VERSION, ...state, history });
  const tensors = new Map(
    [...arrays].map(([name, data]) => [`${ARRAYS}${name}`, { shape: [data.length], data }]),
  );
  return encodeModel(model, { run, sha256: UNSEALED }, tensors);
}

/** Puts the checksum in; apart from encoding, for it takes time that training need not wait for. */
export const sealCheckpoint = seal;

/**
 * Reads a checkpoint that nobody has vouched for.
 * @param sealed whether it must have a checksum, as all have but those of runs of the first version.
 * @returns the model, compiled, and where the run stands, unless it is of the first version.
 * @throws {FormatError} when a single bit is not what was written, or the parts do not fit each other.
 */
export async function decodeCheckpoint(
  bytes: Uint8Array,
  source: string,
  sealed: boolean,
  options: ExecutorOptions,
): Promise<Checkpoint> {
  checkCheckpoint(bytes, source, sealed);
  const model = await decodeModel(bytes, { source: `'${source}'`, ...options });
  if (!model.compiled) {
    throw new FormatError(
      `${source} was saved without loss and optimizer, so it is no run's model.`,
    );
  }
  const { metadata, tensors } = decodeSafetensors(bytes, { source });
  const { run } = metadata;
  const arrays = new Map<string, Float32Array>();
  for (const [name, { data }] of tensors) {
    if (!name.startsWith(ARRAYS) || !(data instanceof Float32Array)) continue;
    arrays.set(name.slice(ARRAYS.length), data);
  }
  return { model, arrays, state: run === undefined ? undefined : decodeState(run, source) };
}

/** @throws {FormatError} unless the bytes are what was written, by the checksum in them. */
export function checkCheckpoint(bytes: Uint8Array, source: string, sealed: boolean): void {
  const fits = checkSeal(bytes);
  if (fits === true || (fits === undefined && !sealed)) return;
  throw new FormatError(`${source} is damaged: its content does not fit its checksum.`);
}

function decodeState(text: string, source: string): CheckpointState {
  const root = Field.parse(text, `${source}, run`);
  if (root.get('version').value !== VERSION) throw root.get('version').wrong(String(VERSION));
  const log = root.get('log');
  const callbacks = root.get('callbacks');
  return {
    position: readPosition(root.get('position')),
    history: root.get('history').list(MOST_EPOCHS).map(readEpoch),
    log: { lines: log.get('lines').integer(0), digest: log.get('digest').text() },
    callbacks: callbacks.members(),
    phase: root.get('phase').optional((phase) => phase.oneOf(PHASES)) ?? 'training',
  };
}
