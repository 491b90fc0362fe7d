// What is loaded while Python still starts, before it can decide: a guess that costs little when it is wrong.

/**
 * @typedef {import('./facts.js').BrowserFacts} BrowserFacts
 * @typedef {import('./facts.js').Gpu} Gpu
 * @typedef {import('./runtime-builds.js').Provider} Provider
 * @typedef {{ provider: Provider, threads: number }} Rung
 */

/**
 * What the caller forces, else what the last visit ended with for this model, else one thread.
 * @param {string} file of the model
 * @param {import('../options.js').Choice} choice
 * @param {BrowserFacts} facts
 * @param {Promise<Gpu | null>} gpu
 * @returns {Promise<Rung>}
 */
export async function likelyRung(file, { provider, threads }, { sharedMemory, remembered }, gpu) {
  if (provider === 'webgpu') return { provider, threads: 1 };
  if (threads !== null) return { provider: 'wasm', threads: sharedMemory ? threads : 1 };
  const first = firstOf(remembered, file);
  if (first?.provider === 'webgpu' && provider === 'auto' && (await gpu)?.isFallback === false) return first;
  if (first?.provider === 'wasm' && sharedMemory) return first;
  return { provider: 'wasm', threads: 1 };
}

/**
 * Python writes what is remembered; of it only `first` is read here, a rung for each model file.
 * @param {string | null} remembered
 * @param {string} file
 * @returns {Rung | undefined}
 */
function firstOf(remembered, file) {
  try {
    const { provider, threads } = JSON.parse(remembered ?? 'null')?.first?.[file] ?? {};
    return Number.isInteger(threads) && threads > 0 ? { provider, threads } : undefined;
  } catch {
    return undefined;
  }
}
