// onnxruntime-web and nothing else: what a job's tiles cost at least.
import * as ort from '../vendor/onnxruntime/ort.wasm.min.mjs';

ort.env.wasm.wasmPaths = new URL('../vendor/onnxruntime/', import.meta.url).href;
ort.env.logLevel = 'error';

let session;

addEventListener('message', async ({ data: { model, tiles, dims, threads } }) => {
  ort.env.wasm.numThreads = threads;
  session ??= await ort.InferenceSession.create(model, { executionProviders: ['wasm'] });
  const tile = new Float32Array(dims.reduce((one, other) => one * other)).map(
    (_, index) => ((index * 7919) % 251) / 250,
  );
  for (let index = 0; index < tiles; index++) await session.run({ input: new ort.Tensor('float32', tile, dims) });
  postMessage('done');
});
