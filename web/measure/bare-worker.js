// The runtime and nothing around it, in a worker of its own: what a job's tiles cost at least.

import * as Comlink from '../vendor/comlink/comlink.mjs';
import { runtimeOf } from '../workers/runtime-builds.js';
import { sessionOptions } from '../workers/session-options.js';

/**
 * @typedef {typeof bare} Bare
 * @typedef {typeof import('../vendor/onnxruntime/ort.wasm.min.mjs')} Runtime
 */

const siteRoot = new URL('../', import.meta.url);

/** @type {Runtime} */
let ort;
/** @type {import('../vendor/onnxruntime/ort.wasm.min.mjs').InferenceSession} */
let session;

const bare = {
  /**
   * @param {import('../workers/runtime-builds.js').Provider} provider
   * @param {number} threads
   * @param {string} model a file in models/
   * @param {string | null} weights the file that its weights are in, where they are not in itself
   * @returns {Promise<string>} the runtime's version
   */
  async load(provider, threads, model, weights) {
    const { script } = runtimeOf(provider);
    ort = await import(new URL(script, siteRoot).href);
    ort.env.wasm.numThreads = threads;
    ort.env.wasm.wasmPaths = new URL('./', new URL(script, siteRoot)).href;
    ort.env.logLevel = 'error';
    const data = weights && { path: weights, data: await bytesOf(weights) };
    session = await ort.InferenceSession.create(await bytesOf(model), sessionOptions(provider, data || null));
    return ort.env.versions.web ?? '';
  },

  /**
   * @param {number} tiles
   * @param {number[]} dims of each
   */
  async run(tiles, dims) {
    const values = Float32Array.from({ length: dims.reduce((one, other) => one * other) }, (_, at) => (at % 251) / 250);
    for (let tile = 0; tile < tiles; tile++) {
      const made = await session.run({ [session.inputNames[0]]: new ort.Tensor('float32', values, dims) });
      // What a GPU has made is not there before it is fetched.
      await made[session.outputNames[0]].getData(true);
    }
  },
};

/** @param {string} file in models/ */
async function bytesOf(file) {
  return new Uint8Array(await (await fetch(new URL(`models/${file}`, siteRoot))).arrayBuffer());
}

Comlink.expose(bare);
