import { ValueError } from '../library.js';
import type {
  Experiment,
  LabCheck,
  LabData,
  LabOptions,
  LabProgress,
  LabResult,
  LabSettings,
  PartContext,
} from './experiment.js';
import { InterruptedExperiment } from './interrupted-experiment.js';
import { checkClasses } from './lab-data.js';
import { originOf } from './origin.js';
import { fingerprint, memoryStore, readJson, writeJson } from './part-store.js';

interface KeptPart<P> {
  description: string;
  seconds: number;
  result: P;
}

/**
 * Runs an experiment: computes the parts that the store does not have yet, and concludes.
 * @throws {ValueError} for options that do not fit. @throws {InterruptedExperiment} when the signal ended
 * it; what was finished is in the store.
 */
export async function runExperiment<S extends LabSettings, P, T>(
  experiment: Experiment<S, P, T>,
  options: LabOptions = {},
): Promise<LabResult<T>> {
  const { scale = 'quick', store = memoryStore(), signal, engine = {} } = options;
  const data = experiment.usesData ? options.data : undefined;
  const settings = settingsOf(experiment, options, data);
  const count = options.seeds ?? experiment.seeds[scale];
  if (!Number.isInteger(count) || count < 1) {
    throw new ValueError(`${experiment.name}: seeds must be an integer ≥ 1, got ${count}`);
  }
  if (experiment.usesData && options.data === undefined) {
    throw new ValueError(
      `${experiment.name} trains on images; give them as data: await loadDataset('fashion-mnist')`,
    );
  }
  if (data !== undefined) checkClasses(data);
  const seeds = Array.from({ length: count }, (_, seed) => seed);
  const parts = experiment.parts(settings, seeds);
  const progress = new Progress(experiment.name, parts, options.onProgress);
  const results = new Map<string, P>();
  // Where nothing is kept, nobody asks where it is from.
  const found = options.store === undefined ? undefined : await originOf(engine, data);
  const origin = found?.key ?? '';
  let [seconds, taken] = [0, 0];
  for (const part of parts) {
    const description = JSON.stringify([origin, experiment.name, part.key, settings]);
    const name = `part-${experiment.name}-${fingerprint(description)}.json`;
    let kept = (await readJson(store, name)) as KeptPart<P> | undefined;
    if (kept?.description !== description) {
      if (signal?.aborted) throw new InterruptedExperiment(experiment.name);
      const started = performance.now();
      const advance = (share: number) => {
        if (signal?.aborted) throw new InterruptedExperiment(experiment.name);
        progress.tell(part.key, part.weight * share);
      };
      advance(0);
      const context: PartContext = { data, engine, signal, store, origin, advance };
      const result = await part.run(context);
      kept = { description, seconds: (performance.now() - started) / 1000, result };
      await writeJson(store, name, kept);
      progress.computed(part.weight);
    } else {
      progress.found(part.weight);
      taken++;
    }
    seconds += kept.seconds;
    // Through JSON in any case, so that a resumed experiment concludes from the same.
    results.set(part.key, JSON.parse(JSON.stringify(kept.result)) as P);
  }
  const { name, title, question, background } = experiment;
  const findings = experiment.conclude(results, settings, seeds);
  const dataset = data?.info.title;
  return {
    experiment: name,
    title,
    question,
    background,
    settings,
    scale,
    seeds,
    dataset,
    engine: found?.engine,
    seconds,
    parts: { all: parts.length, kept: taken },
    ...findings,
    checks: scale === 'quick' ? findings.checks : findings.checks.map(withoutRemark),
  };
}

/** Remarks are about the quick settings. */
function withoutRemark({ remark: _, ...check }: LabCheck): LabCheck {
  return check;
}

function settingsOf<S extends LabSettings>(
  experiment: Experiment<S, unknown, unknown>,
  options: LabOptions,
  data: LabData | undefined,
): S {
  const own = experiment.settings[options.scale ?? 'quick'];
  const { depth, width } = options;
  const given: Record<string, number | readonly number[]> = { ...options.settings };
  if (depth !== undefined) given.depth = depth;
  if (width !== undefined) given.width = width;
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(own, name)) {
      throw new ValueError(
        `${experiment.name} has no setting '${name}'; it has ${Object.keys(own).join(', ')}`,
      );
    }
    const numbers = typeof value === 'number' ? [value] : value;
    if (numbers.length === 0 || !numbers.every((one) => Number.isFinite(one) && one >= 0)) {
      throw new ValueError(`${experiment.name}: ${name} must be a number ≥ 0, got ${value}`);
    }
  }
  const whole = { ...own, ...given };
  return data === undefined ? whole : { ...whole, ...imagesThatThereAre(whole, data) };
}

/** Settings of the experiments that count images, no larger than the data: reports say what there was. */
function imagesThatThereAre(
  settings: LabSettings,
  { train, test }: LabData,
): Record<string, number> {
  const most = { images: train.size, lossImages: train.size, testImages: test.size };
  return Object.fromEntries(
    Object.entries(most).flatMap(([name, size]) => {
      const wanted = settings[name];
      return typeof wanted === 'number' ? [[name, Math.min(wanted, size)]] : [];
    }),
  );
}

/** Turns what parts say into shares of the whole and time left. */
class Progress {
  readonly #experiment: string;
  readonly #total: number;
  readonly #tell: ((progress: LabProgress) => void) | undefined;
  readonly #started = performance.now();
  #found = 0;
  #computed = 0;

  constructor(
    experiment: string,
    parts: readonly { weight: number }[],
    tell: ((progress: LabProgress) => void) | undefined,
  ) {
    this.#experiment = experiment;
    this.#total = parts.reduce((sum, { weight }) => sum + weight, 0);
    this.#tell = tell;
  }

  tell(part: string, running: number): void {
    const seconds = (performance.now() - this.#started) / 1000;
    const computed = this.#computed + running;
    const left = this.#total - this.#found - computed;
    this.#tell?.({
      experiment: this.#experiment,
      part,
      done: (this.#found + computed) / this.#total,
      seconds,
      secondsLeft: computed > 0 ? (seconds / computed) * left : undefined,
    });
  }

  computed(weight: number): void {
    this.#computed += weight;
  }

  found(weight: number): void {
    this.#found += weight;
  }
}
