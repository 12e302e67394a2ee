import type { Conv2dAttributes } from '../../../plan/kernels.js';

/** Images that go through the workspace together. */
export interface Chunk {
  first: number;
  images: number;
  /** Output pixels. */
  rows: number;
}

/** The batch of a convolution in chunks, the last of which may be short. */
export function splitBatch({
  batch,
  imagesPerChunk,
  outHeight,
  outWidth,
}: Conv2dAttributes): Chunk[] {
  const chunks: Chunk[] = [];
  for (let first = 0; first < batch; first += imagesPerChunk) {
    const images = Math.min(imagesPerChunk, batch - first);
    chunks.push({ first, images, rows: images * outHeight * outWidth });
  }
  return chunks;
}
