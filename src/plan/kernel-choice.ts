/** What an executor is good at, where the compiler has a choice of kernels. */
export interface KernelChoice {
  /** Channels and filters up to which a convolution goes faster without patches and a product. */
  readonly directDepth: number;
  /**
   * FLOPs of products in the time of moving an element of a tile to or from its points: where Winograd's way
   * saves more than that, it is taken.
   */
  readonly flopsPerMove: number;
}

/** The choice for products and vectors of about the same speed, and where nobody measures. */
export const defaultKernelChoice: KernelChoice = { directDepth: 32, flopsPerMove: 30 };
