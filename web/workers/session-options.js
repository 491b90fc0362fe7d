// What a session of onnxruntime-web is made of, and how, in a job and where the bare runtime is measured.

/**
 * @typedef {import('./runtime-builds.js').Provider} Provider
 * @typedef {import('../vendor/onnxruntime/ort.wasm.min.mjs').InferenceSession.SessionOptions} SessionOptions
 * @typedef {{ file: string, winograd: { file: string } | null }} Card of a model, as the catalogue has it
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

/**
 * @param {Card} card
 * @param {import('../options.js').Graph} graph
 * @returns {[file: string, weights: string | null]} weights: the file that its weights are in, where they are not in itself
 */
export function filesOf({ file, winograd }, graph) {
  return graph === 'winograd' && winograd ? [winograd.file, file] : [file, null];
}
