/**
 * Base of objects that are called like functions, as Keras layers are: `conv2d({...})(x)`. The
 * constructor returns a function with the class's prototype, so fields and methods work as usual.
 */
export class Callable {
  /** @param invoke runs when the object is called. */
  constructor(invoke: (self: never, ...args: never[]) => unknown) {
    const self = (...args: never[]): unknown => invoke(self as never, ...args);
    // biome-ignore lint/correctness/noConstructorReturn: the instance has to be a function.
    return Object.setPrototypeOf(self, new.target.prototype) as Callable;
  }
}
