import type { Calibrations } from './calibrations.js';
import type { ContenderProcess } from './contender-process.js';
import { Disturbance } from './disturbance.js';
import type { Launcher } from './launcher.js';
import type { Absence, Contender, Measurement, Variant } from './question.js';
import { median } from './statistics.js';

/** How long and how often to measure. */
export interface Pace {
  rounds: number;
  /** What a contender's turn in a round takes at least, by as many steps as fit. */
  secondsPerTurn: number;
}

/** What a group needs. */
export interface Setting {
  launcher: Launcher;
  calibrations: Calibrations;
  pace: Pace;
  /** Whether slow contenders are left out. */
  quick: boolean;
  log: (line: string) => void;
}

const WARM_STEPS = 2;
const MOST_STEPS = 500;
/** A calibration takes so many steps at most, and no further one after so many seconds. */
const CALIBRATION_STEPS = 3;
const CALIBRATION_SECONDS = 5;
/** Cores busy with other programs that a turn may have; more, and it is taken again. */
const CALM = 0.1;
const MOST_ATTEMPTS = 4;
/** Threads of the contender before keep spinning for a moment after their last product. */
const SETTLING_MS = 200;

interface Entrant {
  contender: Contender;
  variant: Variant;
  calibration?: string;
  process?: ContenderProcess;
  steps: number;
  values: number[];
  disturbance: number;
  peakBytes?: number;
  versions: Readonly<Record<string, string>>;
}

/** Measures contenders in turns, A B A B …, so that what slows the machine meets them all alike. */
export async function measureGroup(
  contenders: readonly Contender[],
  setting: Setting,
): Promise<{ measured: Measurement[]; absent: Absence[] }> {
  const absent: Absence[] = [];
  let entrants: Entrant[] = [];
  /** Runs the work for each entrant; who fails is out. */
  const eachOf = async (work: (entrant: Entrant) => Promise<void>) => {
    const left: Entrant[] = [];
    for (const entrant of entrants) {
      try {
        await work(entrant);
        left.push(entrant);
      } catch (error) {
        const problem = error instanceof Error ? error.message : String(error);
        absent.push({ contender: entrant.contender, problem });
        setting.log(`    ${entrant.contender.label}: not measured: ${problem}`);
        await entrant.process?.end();
      }
    }
    entrants = left;
  };
  const leftOut = contenders.filter(({ slow }) => slow && setting.quick);
  absent.push(...leftOut.map((contender) => ({ contender, problem: 'left out of quick runs' })));
  const taken = contenders.filter((contender) => !leftOut.includes(contender));
  entrants = taken.map((contender) => {
    return {
      contender,
      variant: contender.variants[0],
      steps: 1,
      values: [],
      disturbance: 0,
      versions: {},
    };
  });
  try {
    await eachOf((entrant) => choose(entrant, setting));
    await eachOf((entrant) => warm(entrant, setting));
    for (let round = 0; round < setting.pace.rounds; round++) {
      await eachOf((entrant) => takeTurn(entrant, round, setting));
      setting.log(`    round ${round + 1} of ${setting.pace.rounds}`);
    }
    for (const entrant of entrants) {
      if (!entrant.contender.wraps) entrant.peakBytes ??= entrant.process?.peakBytes;
    }
  } finally {
    await Promise.all(entrants.map(({ process }) => process?.end()));
  }
  const measured = entrants.map(({ contender, variant, values, ...rest }) => {
    const { calibration, disturbance, peakBytes, versions } = rest;
    return { contender, variant, calibration, values, disturbance, peakBytes, versions };
  });
  return { measured, absent };
}

async function choose(entrant: Entrant, { calibrations, launcher, log }: Setting): Promise<void> {
  const { contender } = entrant;
  if (contender.variants.length === 1) return;
  const known = calibrations.find(contender);
  if (known !== undefined) {
    Object.assign(entrant, known);
    return;
  }
  const tried: { variant: Variant; value: number }[] = [];
  const problems: string[] = [];
  for (const variant of contender.variants) {
    try {
      tried.push({ variant, value: await tryVariant(contender, variant, launcher) });
    } catch (error) {
      problems.push(`${variant.name} failed: ${error instanceof Error ? error.message : error}`);
    }
  }
  if (tried.length === 0) throw new Error(problems.join('; '));
  tried.sort((a, b) => (contender.mode === 'cold' ? a.value - b.value : b.value - a.value));
  const unit = contender.mode === 'cold' ? 's' : contender.unit;
  const compared = tried.map(({ variant, value }) => `${variant.name} ${value.toFixed(1)} ${unit}`);
  entrant.variant = tried[0].variant;
  entrant.calibration = [...compared, ...problems].join('; ');
  calibrations.keep(contender, entrant.variant, entrant.calibration);
  log(`    ${contender.label}: ${entrant.calibration}`);
}

async function tryVariant(
  contender: Contender,
  variant: Variant,
  launcher: Launcher,
): Promise<number> {
  if (contender.mode === 'cold') return (await runCold({ contender, variant }, launcher)).seconds;
  const process = await launcher.start(variant, contender.cores);
  try {
    await process.steps(1);
    const times: number[] = [];
    const spent = () => times.reduce((sum, seconds) => sum + seconds, 0);
    while (times.length < CALIBRATION_STEPS && spent() < CALIBRATION_SECONDS) {
      times.push(...(await process.steps(1)));
    }
    return contender.work / median(times);
  } finally {
    await process.end();
  }
}

async function warm(entrant: Entrant, { launcher, pace }: Setting): Promise<void> {
  const { contender, variant } = entrant;
  const { warmSteps = WARM_STEPS } = contender;
  if (contender.mode === 'cold') return;
  entrant.process = await launcher.start(variant, contender.cores);
  entrant.versions = entrant.process.versions;
  if (warmSteps === 0) return;
  const last = (await entrant.process.steps(warmSteps)).at(-1) ?? pace.secondsPerTurn;
  entrant.steps = Math.min(MOST_STEPS, Math.max(1, Math.ceil(pace.secondsPerTurn / last)));
}

/** A turn in a round; one in which other programs disturb is repeated, the calmest counts. */
async function takeTurn(
  entrant: Entrant,
  round: number,
  { launcher, log }: Setting,
): Promise<void> {
  const { contender, process } = entrant;
  if (round >= (contender.rounds ?? Number.POSITIVE_INFINITY)) return;
  let calmest = { value: Number.NaN, disturbance: Number.POSITIVE_INFINITY };
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    await new Promise((resolve) => setTimeout(resolve, SETTLING_MS));
    const { value, disturbance } =
      process === undefined ? await coldTurn(entrant, launcher) : await warmTurn(entrant, process);
    if (disturbance < calmest.disturbance) calmest = { value, disturbance };
    if (disturbance <= CALM) break;
    log(`      ${contender.label}: others kept ${disturbance.toFixed(2)} cores busy`);
  }
  entrant.values.push(calmest.value);
  entrant.disturbance = Math.max(entrant.disturbance, calmest.disturbance);
}

/** What a turn told: the figure, and cores that other programs kept busy meanwhile. */
interface Turn {
  value: number;
  disturbance: number;
}

async function warmTurn({ contender, steps }: Entrant, process: ContenderProcess): Promise<Turn> {
  const others = new Disturbance(process.processorSeconds ?? 0);
  const value = contender.work / median(await process.steps(steps));
  // Work of processes that it started would count as that of others.
  const own = contender.wraps ? undefined : process.processorSeconds;
  return { value, disturbance: own === undefined ? 0 : others.cores(own) };
}

async function coldTurn(entrant: Entrant, launcher: Launcher): Promise<Turn> {
  const { seconds, disturbance, ...rest } = await runCold(entrant, launcher);
  Object.assign(entrant, rest);
  return { value: seconds, disturbance };
}

/** Seconds from the start of a process to the end of its first step. */
async function runCold(
  { contender, variant }: Pick<Entrant, 'contender' | 'variant'>,
  launcher: Launcher,
) {
  const others = new Disturbance(0);
  const started = performance.now();
  const process = await launcher.start(variant, contender.cores);
  try {
    await process.steps(1);
    const seconds = (performance.now() - started) / 1000;
    const { versions, peakBytes, processorSeconds } = process;
    const disturbance = processorSeconds === undefined ? 0 : others.cores(processorSeconds);
    return { seconds, disturbance, versions, peakBytes };
  } finally {
    await process.end();
  }
}
