// How a session of onnxruntime-web is made, in a job and where the bare runtime is measured.

/**
 * @typedef {import('./runtime-builds.js').Provider} Provider
 * @typedef {import('../vendor/onnxruntime/ort.wasm.min.mjs').InferenceSession.SessionOptions} SessionOptions
 * @typedef {{ path: string, data: Uint8Array }} Weights path: the name by which the graph knows their file
 */

/**
 * @param {Provider} provider
 * @param {Weights | null} weights of a graph that holds none: a Winograd graph
 * @returns {SessionOptions}
 */
export function sessionOptions(provider, weights) {
  if (!weights) return { executionProviders: [provider] };
  return {
    executionProviders: [provider],
    externalData: [weights],
    // It is written as it is to run: the runtime's optimiser would take hundreds of milliseconds, and hold its kernels twice.
    graphOptimizationLevel: 'disabled',
  };
}
