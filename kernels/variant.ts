/** Tag of a variant that has a feature: a type argument, so that the choice costs nothing in a loop. */
export class On {}

/** Tag of a variant without the feature. */
export class Off {}

/** Whether F is On; constant once compiled. */
export function isOn<F>(): bool {
  return idof<F>() == idof<On>();
}

/** Whether A and B are the same tag; constant once compiled. */
export function isSame<A, B>(): bool {
  return idof<A>() == idof<B>();
}
