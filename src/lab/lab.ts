import { UnknownNameError } from '../library.js';
import { blocksExperiment } from './blocks.js';
import { degradationExperiment } from './degradation.js';
import type { Experiment, LabOptions, LabResult, LabSettings } from './experiment.js';
import { gradientsExperiment } from './gradients.js';
import { identityExperiment } from './identity.js';
import { landscapeExperiment } from './landscape.js';
import { lesionExperiment } from './lesion.js';
import { pathsExperiment } from './paths.js';
import { responsesExperiment } from './responses.js';
import { runExperiment } from './run-experiment.js';
import { shatteringExperiment } from './shattering.js';
import { shortcutsExperiment } from './shortcuts.js';
import { stochasticDepthExperiment } from './stochastic-depth.js';
import { zeroGammaExperiment } from './zero-gamma.js';

/** An experiment as lists and programs see it. */
export interface ExperimentEntry
  extends Pick<
    Experiment<LabSettings, unknown, unknown>,
    'name' | 'title' | 'question' | 'paper' | 'cost' | 'reservations' | 'usesData'
  > {
  /** Runs it. */
  run(options?: LabOptions): Promise<LabResult<unknown>>;
}

function entry<S extends LabSettings, P, T>(experiment: Experiment<S, P, T>): ExperimentEntry {
  const { name, title, question, paper, cost, reservations, usesData } = experiment;
  return {
    name,
    title,
    question,
    paper,
    cost,
    reservations,
    usesData,
    run: (options) => runExperiment(experiment, options),
  };
}

/** All experiments, in the order of the story. */
export const experiments: readonly ExperimentEntry[] = [
  entry(degradationExperiment),
  entry(gradientsExperiment),
  entry(blocksExperiment),
  entry(identityExperiment),
  entry(responsesExperiment),
  entry(lesionExperiment),
  entry(pathsExperiment),
  entry(shortcutsExperiment),
  entry(shatteringExperiment),
  entry(zeroGammaExperiment),
  entry(stochasticDepthExperiment),
  entry(landscapeExperiment),
];

/**
 * The experiment of this name.
 * @throws {UnknownNameError} when there is none.
 */
export function findExperiment(name: string): ExperimentEntry {
  const found = experiments.find((one) => one.name === name);
  if (found !== undefined) return found;
  throw new UnknownNameError(
    'experiment',
    name,
    experiments.map((one) => one.name),
  );
}

export { type BlockFound, type BlockKind, type BlocksData, blocks } from './blocks.js';
export { type DegradationData, type DegradationNetwork, degradation } from './degradation.js';
export type {
  LabCheck,
  LabData,
  LabFigure,
  LabFindings,
  LabOptions,
  LabProgress,
  LabResult,
  LabScale,
  LabSettings,
  LabTable,
} from './experiment.js';
export type { GradientLaw, GradientLaws, LawName } from './gradient-laws.js';
export { type GradientsData, gradients } from './gradients.js';
export { type IdentityData, type IdentityFound, type IdentityRow, identity } from './identity.js';
export { InterruptedExperiment } from './interrupted-experiment.js';
export { type LandscapeData, type LandscapeFound, landscape } from './landscape.js';
export { type LesionData, type LesionFound, lesion } from './lesion.js';
export type { Family } from './networks.js';
export { memoryStore, type PartStore } from './part-store.js';
export { type PathsData, type PathsFound, paths } from './paths.js';
export { type ResponseProfile, type ResponsesData, responses } from './responses.js';
export { type ShatteringData, type ShatteringKind, shattering } from './shattering.js';
export { type ShortcutKind, type ShortcutsData, shortcuts } from './shortcuts.js';
export { type StochasticDepthData, stochasticDepth } from './stochastic-depth.js';
export type { Curve } from './train-network.js';
export type { WatchedGradients, WatchedName, WatchedTraining } from './watched-gradients.js';
export { type ZeroGammaData, zeroGamma } from './zero-gamma.js';
