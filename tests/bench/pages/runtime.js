// onnxruntime-web in the page itself, one thread, for benchmarks that look at single graphs.
import * as ort from '../vendor/onnxruntime/ort.wasm.min.mjs';
import { sessionOptions } from '../workers/session-options.js';

ort.env.wasm.wasmPaths = new URL('../vendor/onnxruntime/', import.meta.url).href;
ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';

const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/**
 * A session of a graph, which is run as it is written where it points to the weights of another file.
 * @param {{ graph: string, weights?: { path: string, data: string }, profile?: boolean }} options base64
 */
const session = ({ graph, weights, profile = false }) =>
  ort.InferenceSession.create(bytes(graph), {
    ...sessionOptions('wasm', weights ? { path: weights.path, data: bytes(weights.data) } : null),
    enableProfiling: profile,
  });

const tensor = (dims) => {
  const length = dims.reduce((one, other) => one * other, 1);
  return new ort.Tensor(
    'float32',
    Float32Array.from({ length }, (_, index) => ((index * 7919) % 251) / 250),
    dims,
  );
};

/** The milliseconds of each of so many runs. */
const times = async (one, dims, repeats) => {
  const taken = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    const feeds = Object.fromEntries(Object.entries(dims).map(([name, sides]) => [name, tensor(sides)]));
    const started = performance.now();
    await one.run(feeds);
    taken.push(performance.now() - started);
  }
  return taken;
};

Object.assign(globalThis, { session, times, isReady: true });
