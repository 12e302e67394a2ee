/** What an executor is good at, where the compiler has a choice of kernels. */
export interface KernelChoice {
  /** Channels and filters up to which a convolution goes faster without patches and a product. */
  readonly directDepth: number;
  /**
   * FLOPs of products that Winograd's way has to save for every element that it moves: about as many as
   * products do in the time of such a move.
   */
  readonly flopsPerMove: number;
}

/** The choice for products and vectors of about the same speed, and where nobody measures. */
export const defaultKernelChoice: KernelChoice = { directDepth: 32, flopsPerMove: 20 };
