/** Whose figures a contender's are: ours, those we are compared with, or shown beside without a verdict. */
export type Side = 'ours' | 'peer' | 'beside';

/** One way to start a contender. */
export interface Variant {
  /** What sets it apart from the others: `channels last`; empty where there is but one. */
  name: string;
  /** Program and arguments. `node` and `python` are those of the bench; paths start at the repository. */
  command: readonly string[];
}

/**
 * A program that is timed. It answers on its standard output to requests on its standard input:
 * `{"steps": 3}` → `{"seconds": [0.71, 0.69, 0.7]}`, after a first line `{"ready": true, "versions": {}}`.
 */
export interface Contender {
  /** Unique; contenders of the same id in several questions are measured once. */
  id: string;
  label: string;
  side: Side;
  /** Contenders of one group run interleaved. */
  group: string;
  /** The processor's first so many cores are all that it gets. */
  cores: number;
  /** The best one is chosen by a short calibration. */
  variants: readonly Variant[];
  /** `steps`: the process stays alive between rounds. `cold`: a new process for each round's one step. */
  mode: 'steps' | 'cold';
  /** What a step does, and the unit of a second's worth of it: 100 and `images/s`. */
  work: number;
  unit: string;
  /** Steps before the first that counts; default 2. */
  warmSteps?: number;
  /** Most rounds, for what takes very long. */
  rounds?: number;
  /** The work is done by processes that the contender starts: its own memory says nothing. */
  wraps?: boolean;
  /** Left out of quick runs, which say so. */
  slow?: boolean;
}

/** What was measured of a contender. */
export interface Measurement {
  contender: Contender;
  /** The variant that was measured, and how it was chosen. */
  variant: Variant;
  /** How the variants compared, for the record: `channels last 97 images/s`. */
  calibration?: string;
  /** One figure a round: work per second by the median step; seconds from the start if cold. */
  values: readonly number[];
  /** Most cores that other programs kept busy during one of the rounds. */
  disturbance: number;
  /** Most bytes that the process ever held, where the system tells. */
  peakBytes?: number;
  versions: Readonly<Record<string, string>>;
}

/** A contender of which there are no figures, and why. */
export interface Absence {
  contender: Contender;
  problem: string;
}

/** All figures of a run, by the contender's id. */
export interface Figures {
  readonly measured: ReadonlyMap<string, Measurement>;
  readonly absent: readonly Absence[];
}

/** An answer's number, held against floor and goal. */
export interface Ratio {
  label: string;
  /** Medians over rounds; low and high are the extreme rounds. */
  value: number;
  low: number;
  high: number;
  floor: number;
  goal: number;
  better: 'higher' | 'lower';
  /** `×` or `%`; a value of 0.65 reads 65%. */
  unit: '×' | '%';
}

/** A row of the table: who is measured, and what follows from the figures. */
export interface Question {
  letter: string;
  title: string;
  /** Who has to be measured. */
  contenders(): readonly Contender[];
  /** The ratios that answer the question; those whose contenders are absent are left out. */
  judge(figures: Figures): Ratio[];
}
