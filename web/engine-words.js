// What computes, in words.

/**
 * @typedef {import('./senmei.js').EngineReport} EngineReport
 * @typedef {import('./senmei.js').Rung} Rung
 */

/**
 * @param {Pick<Rung, 'provider' | 'workers' | 'threads'>} arrangement
 * @returns {string} for instance "WebAssembly · 4 workers" or "WebGPU"
 */
export function arrangementInWords({ provider, workers, threads }) {
  if (provider === 'webgpu') return 'WebGPU';
  const crew = workers === 1 && threads > 1 ? '' : counted(workers, 'worker');
  const team = threads > 1 ? counted(threads, 'thread') : '';
  return `WebAssembly · ${[crew, team].filter(Boolean).join(' of ')}`;
}

/**
 * @param {Pick<Rung, 'provider' | 'workers' | 'threads' | 'graph'>} way
 * @returns {string} the same with the graph that it runs: "WebAssembly · 4 workers · fast convolutions"
 */
export function wayInWords(way) {
  return way.graph === 'winograd' ? `${arrangementInWords(way)} · fast convolutions` : arrangementInWords(way);
}

/**
 * @param {Rung} rung
 * @returns {string} for instance "In use" or "Not used: it computes wrong pixels."
 */
export function rungInWords({ state, reason, megapixelMs }) {
  const words = {
    chosen: 'In use',
    right: 'Computes right',
    slower: 'Slower',
    dropped: 'Not used',
    untested: megapixelMs ? 'Measured on an earlier visit' : 'Not tested yet',
    testing: 'Being tested …',
  }[state];
  return reason ? `${words}. ${reason}` : words;
}

/**
 * @param {EngineReport} report
 * @returns {string} what there is to know of the model's second graph; empty where it has none
 */
export function graphsInWords({ rungs, gain }) {
  if (!rungs.some(({ graph }) => graph === 'winograd')) return '';
  const what = 'Fast convolutions (Winograd) compute the same with fewer multiplications';
  if (gain === null) return `${what}. Whether they are faster here is not measured yet.`;
  return gain > 1 ? `${what}, here ${gain.toFixed(1)} times as fast.` : `${what}, but are not faster here.`;
}

/**
 * @param {EngineReport} report
 * @returns {string} for instance "8 cores · about 4 GB · shared memory · no GPU to compute with"
 */
export function machineInWords({ cores, memoryGb, sharedMemory, gpu }) {
  return [
    counted(cores, 'core'),
    // Browsers tell it roughly, so that nobody is known by it.
    ...(memoryGb ? [`about ${memoryGb} GB`] : []),
    sharedMemory ? 'shared memory' : 'no shared memory, so no threads',
    gpu ?? 'no GPU to compute with',
  ]
    .map((fact) => fact.replaceAll(' ', '\u00a0'))
    .join(' · ');
}

/**
 * @param {number} count
 * @param {string} word
 */
function counted(count, word) {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
