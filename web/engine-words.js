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
