import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeModel, encodeModel } from '../../src/node.js';
import { randomGraph } from '../interop/random-graphs.js';

test('random residual graphs are made again alike, and come back from a file', async () => {
  for (let seed = 0; seed < 100; seed++) {
    const graph = randomGraph(seed);
    assert.deepEqual(randomGraph(seed).getConfig(), graph.getConfig());
    const chunks = await encodeModel(graph);
    const bytes = new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
    assert.deepEqual((await decodeModel(bytes)).getConfig(), graph.getConfig(), `graph ${seed}`);
  }
});
