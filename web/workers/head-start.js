// What is loaded while Python still starts, before it can decide: a guess that costs little when it is wrong.

/**
 * @typedef {import('./facts.js').BrowserFacts} BrowserFacts
 * @typedef {import('./facts.js').Gpu} Gpu
 * @typedef {import('./runtime-builds.js').Provider} Provider
 * @typedef {import('../options.js').Graph} Graph
 * @typedef {{ provider: Provider, threads: number, graph: Graph }} Rung
 */

/**
 * What the caller forces, else what the last visit ended with for this model, else one thread and the Winograd graph, where
 * there is one.
 * @param {import('./session-options.js').Card} card
 * @param {import('../options.js').Choice} choice
 * @param {BrowserFacts} facts
 * @param {Promise<Gpu | null>} gpu
 * @returns {Promise<Rung>}
 */
export async function likelyRung(card, { provider, threads, graph }, { sharedMemory, remembered }, gpu) {
  const onGpu = /** @type {Rung} */ ({ provider: 'webgpu', threads: 1, graph: 'direct' });
  if (provider === 'webgpu') return onGpu;
  const first = firstOf(remembered, card.file);
  const mayTakeGpu = provider === 'auto' && threads === null && graph !== 'winograd';
  if (first?.provider === 'webgpu' && mayTakeGpu && (await gpu)?.isFallback === false) return onGpu;
  const before = first?.provider === 'wasm' ? first : undefined;
  const wanted = graph === 'auto' ? (before?.graph ?? 'winograd') : graph;
  return {
    provider: 'wasm',
    threads: sharedMemory ? (threads ?? before?.threads ?? 1) : 1,
    graph: card.winograd ? wanted : 'direct',
  };
}

/**
 * Python writes what is remembered; of it only `first` is read here, a rung for each model file.
 * @param {string | null} remembered
 * @param {string} file
 * @returns {{ provider: Provider, threads: number, graph?: Graph } | undefined} an earlier version told no graph
 */
function firstOf(remembered, file) {
  try {
    const { provider, threads, graph } = JSON.parse(remembered ?? 'null')?.first?.[file] ?? {};
    if (!Number.isInteger(threads) || threads < 1) return undefined;
    return { provider, threads, graph: ['direct', 'winograd'].includes(graph) ? graph : undefined };
  } catch {
    return undefined;
  }
}
