// onnxruntime-web and nothing else: what a job's tiles cost at least.
import * as ort from '../vendor/onnxruntime/ort.wasm.min.mjs';
import { sessionOptions } from '../workers/session-options.js';

ort.env.wasm.wasmPaths = new URL('../vendor/onnxruntime/', import.meta.url).href;
ort.env.logLevel = 'error';

let session;

const fetched = async (path) => new Uint8Array(await (await fetch(path)).arrayBuffer());

/** The external data of a graph that holds no weights. `weights` names their file in models/. */
const external = async (weights) => (weights ? { path: weights, data: await fetched(`../models/${weights}`) } : null);

addEventListener('message', async ({ data: { model, weights, tiles, dims, threads } }) => {
  ort.env.wasm.numThreads = threads;
  session ??= await ort.InferenceSession.create(
    await fetched(model),
    sessionOptions('wasm', await external(weights)),
  );
  const tile = new Float32Array(dims.reduce((one, other) => one * other)).map(
    (_, index) => ((index * 7919) % 251) / 250,
  );
  for (let index = 0; index < tiles; index++) await session.run({ input: new ort.Tensor('float32', tile, dims) });
  postMessage('done');
});
