import type { Dataset, ExecutorDescription, ExecutorOptions } from '../library.js';
import type { PartStore } from './part-store.js';

/** Images and one-hot labels of a data set, as `loadDataset` gives them. */
export interface LabData {
  /** Samples to train on. */
  readonly train: Dataset;
  /** Samples to report on. */
  readonly test: Dataset;
  /** What was loaded. */
  readonly info: { readonly name: string; readonly title: string };
}

/** How far an experiment goes: about two minutes on two cores, or the paper's settings as near as is sane. */
export type LabScale = 'quick' | 'full';

/** The numbers of an experiment; which there are depends on it. */
export type LabSettings = Readonly<Record<string, number | readonly number[]>>;

/** How far an experiment is. */
export interface LabProgress {
  /** Name of the experiment. */
  readonly experiment: string;
  /** What runs, such as `plain-56, seed 0`. */
  readonly part: string;
  /** Share of the whole that is done, 0 to 1. */
  readonly done: number;
  /** Seconds so far, and those that are left by the rate so far (undefined at first). */
  readonly seconds: number;
  /** Seconds left. */
  readonly secondsLeft: number | undefined;
}

/** What every experiment takes. */
export interface LabOptions {
  /** Images; needed by the experiments that train on them. */
  data?: LabData;
  /** Default `quick`. */
  scale?: LabScale;
  /** How many seeds, counted from 0; each experiment has a default. */
  seeds?: number;
  /** Weighted layers of the (deepest) network, instead of the experiment's own. */
  depth?: number;
  /** Channels of the first stage, or units of a dense layer, instead of the experiment's own. */
  width?: number;
  /** Other numbers of the experiment, by name, such as `images` or `epochs`. */
  settings?: LabSettings;
  /** Where finished parts are kept, so that they are not computed again; default nowhere. */
  store?: PartStore;
  /** Ends the experiment after the step under way, with what is finished kept in the store. */
  signal?: AbortSignal;
  /** Told of progress. */
  onProgress?: (progress: LabProgress) => void;
  /** What runs the models. */
  engine?: ExecutorOptions;
}

/** A claim put to the test. */
export interface LabCheck {
  /** What was expected, in words. */
  readonly claim: string;
  /** What was measured instead or in agreement, in words and numbers. */
  readonly measured: string;
  /** In how many seeds it holds, of how many. */
  readonly holds: number;
  /** Seeds that were measured. */
  readonly seeds: number;
  /** Who made the claim. */
  readonly source: 'paper' | 'article';
  /**
   * What to know of a claim with which not every seed agreed when the quick settings were measured
   * (`results/lab/RESULTS.md`): that the settings do not show it, or that it is contradicted.
   */
  readonly remark?: string;
}

/** A figure of a report. */
export interface LabFigure {
  /** Name of its files. */
  readonly name: string;
  /** The drawing. */
  readonly svg: string;
  /** What it shows, with the numbers that matter. */
  readonly caption: string;
}

/** A table of a report, also written as CSV. */
export interface LabTable {
  /** Name of its file. */
  readonly name: string;
  /** What it holds. */
  readonly caption: string;
  /** Names of the columns. */
  readonly columns: readonly string[];
  /** Rows; numbers are written in full in the CSV. */
  readonly rows: readonly (readonly (string | number)[])[];
}

/** What an experiment found, in words, figures and tables. */
export interface LabFindings<T> {
  /** The numbers. */
  readonly data: T;
  /** What was done, in sentences. */
  readonly method: readonly string[];
  /** What was measured, in sentences made from the numbers. */
  readonly measured: readonly string[];
  /** Claims and whether they hold. */
  readonly checks: readonly LabCheck[];
  /** Drawings. */
  readonly figures: readonly LabFigure[];
  /** Tables. */
  readonly tables: readonly LabTable[];
}

/** Result of an experiment. */
export interface LabResult<T> extends LabFindings<T> {
  /** Name of the experiment. */
  readonly experiment: string;
  /** Heading of a report. */
  readonly title: string;
  /** What is asked. */
  readonly question: string;
  /** What the papers and the article say. */
  readonly background: readonly string[];
  /** Numbers that it ran with. */
  readonly settings: LabSettings;
  /** Quick or full. */
  readonly scale: LabScale;
  /** Seeds that it ran with. */
  readonly seeds: readonly number[];
  /** Data set, where one was used. */
  readonly dataset: string | undefined;
  /** What ran the models; undefined where nothing was kept. */
  readonly engine: ExecutorDescription | undefined;
  /** Seconds of computing, finished parts of earlier calls included. */
  readonly seconds: number;
  /** How many parts there are, and how many of them earlier calls had finished: maybe on another day or machine. */
  readonly parts: { readonly all: number; readonly kept: number };
}

/** What a part of an experiment works with. */
export interface PartContext {
  /** Images, where the experiment uses them. */
  readonly data: LabData | undefined;
  /** What runs the models. */
  readonly engine: ExecutorOptions;
  /** Ends the work. */
  readonly signal: AbortSignal | undefined;
  /** Where trained networks and checkpoints are kept. */
  readonly store: PartStore;
  /** What computes, and on which data: library version, engine, images. What is kept counts for the same alone. */
  readonly origin: string;
  /**
   * Tells what share of the part is done, 0 to 1.
   * @throws {InterruptedExperiment} once the signal has come.
   */
  advance(share: number): void;
}

/** One piece of an experiment, whose result is kept. */
export interface Part<P> {
  /** Unique in the experiment, such as `plain-56 seed 0`. */
  readonly key: string;
  /** Cost in comparison with the other parts. */
  readonly weight: number;
  /** Computes the piece; the result must survive JSON. */
  run(context: PartContext): Promise<P>;
}

/** An experiment: pieces to compute, and what follows from them. */
export interface Experiment<S extends LabSettings, P, T> {
  /** Name by which it is asked for. */
  readonly name: string;
  /** Heading. */
  readonly title: string;
  /** What is asked. */
  readonly question: string;
  /** What the papers and the article say. */
  readonly background: readonly string[];
  /** The paper, for lists. */
  readonly paper: string;
  /** About what it costs on two cores, for lists; the hours of the full settings go by the time of the first steps. */
  readonly cost: Readonly<Record<LabScale, string>>;
  /**
   * Claims with which not every seed agreed when the quick settings were measured (`results/lab`), in the
   * order of the checks and a short line each, for lists.
   */
  readonly reservations: readonly string[];
  /** Whether it trains on images. */
  readonly usesData: boolean;
  /** Numbers for each scale. */
  readonly settings: Readonly<Record<LabScale, S>>;
  /** How many seeds for each scale. */
  readonly seeds: Readonly<Record<LabScale, number>>;
  /** The pieces, in the order in which they are computed. */
  parts(settings: S, seeds: readonly number[]): readonly Part<P>[];
  /** What follows from the pieces. */
  conclude(parts: ReadonlyMap<string, P>, settings: S, seeds: readonly number[]): LabFindings<T>;
}
