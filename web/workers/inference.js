// One inference worker: holds one-threaded onnxruntime-web sessions and runs the tiles it is sent, one after the other.
// A pool of them keeps every core busy without SharedArrayBuffer. The page makes it and joins it to the engine worker.

import * as Comlink from '../vendor/comlink/comlink.mjs';
import * as ort from '../vendor/onnxruntime/ort.wasm.min.mjs';
import { countFetches } from './counted-fetch.js';

/**
 * @typedef {{ type: 'float32' | 'int64', dims: number[], data: Float32Array | BigInt64Array }} PlainTensor
 * @typedef {Record<string, PlainTensor>} PlainTensors
 */

// Left alone, the runtime would take threads of its own: half the cores, in workers made inside this worker.
ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = new URL('../vendor/onnxruntime/', import.meta.url).href;
ort.env.logLevel = 'error';

/** @type {Map<string, ort.InferenceSession>} */
const sessions = new Map();

/** The runtime refuses a second run on a session that is still running. @type {Promise<unknown>} */
let lastRun = Promise.resolve();

export const inference = {
  /**
   * Loads a model under the name of its file.
   * @param {string} file
   * @param {Uint8Array} model
   * @param {((path: string, bytes: number) => void) | null} onBytes hears of the bytes of the runtime that arrive meanwhile
   * @returns {Promise<string>} the execution provider
   */
  async load(file, model, onBytes) {
    const stopCounting = onBytes ? countFetches(onBytes) : undefined;
    try {
      sessions.set(file, await ort.InferenceSession.create(model, { executionProviders: ['wasm'] }));
    } finally {
      await stopCounting?.();
    }
    return 'wasm';
  },

  /**
   * @param {string} file
   * @param {PlainTensors} feeds
   * @returns {Promise<PlainTensors>}
   */
  run(file, feeds) {
    const run = lastRun.then(() => runNow(file, feeds));
    lastRun = run.catch(() => undefined);
    return run;
  },

  /** @param {string} file */
  async release(file) {
    const session = sessions.get(file);
    // Gone at once: the same model may be loaded anew while the last run ends.
    sessions.delete(file);
    await lastRun;
    await session?.release();
  },
};

/**
 * @param {string} file
 * @param {PlainTensors} feeds
 * @returns {Promise<PlainTensors>}
 */
async function runNow(file, feeds) {
  const session = sessions.get(file);
  if (!session) throw new Error(`the model ${file} is not loaded`);
  const inputs = Object.fromEntries(
    Object.entries(feeds).map(([name, { type, data, dims }]) => [name, new ort.Tensor(type, data, dims)]),
  );
  const outputs = await session.run(inputs).catch((error) => {
    // A C++ exception that nothing caught is a bare number, which would lose its way through Python.
    throw error instanceof Error ? error : new Error(`exception ${error}`);
  });
  /** @type {PlainTensors} */
  const plain = {};
  for (const [name, tensor] of Object.entries(outputs)) {
    const { type, dims, data } = /** @type {PlainTensor} */ (/** @type {unknown} */ (tensor));
    plain[name] = { type, dims: [...dims], data };
  }
  return Comlink.transfer(
    plain,
    Object.values(plain).map((tensor) => tensor.data.buffer),
  );
}

addEventListener('message', (event) => Comlink.expose(inference, event.data), { once: true });
