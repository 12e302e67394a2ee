/** The public names that Node and the browser share. Each platform's entry adds its own. */
export * from './core/errors.js';
export { Random } from './core/random.js';
export type { Shape } from './core/shape.js';
export { Model } from './models/model.js';
