import type { StepProfile } from '../../inspect/step-profile.js';

/** The profile of the step that most samples went through: of those that train, unless a run only tested. */
export function mainProfile(profiles: readonly StepProfile[]): StepProfile | undefined {
  const whole = ({ runs, samples }: StepProfile) => runs * samples;
  const trains = ({ kernels }: StepProfile) => kernels.some(({ phases }) => phases.update > 0);
  const rank = (a: StepProfile, b: StepProfile) =>
    Number(trains(b)) - Number(trains(a)) || whole(b) - whole(a);
  return [...profiles].sort(rank).at(0);
}
