// Which ways of computing are worth measuring on a machine.

/**
 * @typedef {import('../senmei.js').EngineReport} EngineReport
 * @typedef {Pick<import('../senmei.js').Rung, 'provider' | 'workers' | 'threads'>} Way
 */

/**
 * One worker, as many as there can be, one with as many threads as there can be, and the GPU.
 *
 * @param {EngineReport} report
 * @returns {(Way & { reason: string | null })[]} reason: a sentence, where it cannot be had
 */
export function waysFor({ rungs }) {
  const ofProcessor = rungs.filter(({ provider }) => provider === 'wasm');
  const crew = most(ofProcessor.filter(({ threads }) => threads === 1));
  const team = most(ofProcessor.filter(({ threads, workers }) => threads > 1 && workers === 1));
  const gpu = rungs.find(({ provider }) => provider === 'webgpu');
  const alone = { provider: /** @type {const} */ ('wasm'), workers: 1, threads: 1, reason: null };
  return [
    alone,
    ...[...(crew && crew.workers > 1 ? [crew] : []), ...(team ? [team] : []), ...(gpu ? [gpu] : [])].map(
      ({ provider, workers, threads, state, reason }) => ({
        provider,
        workers,
        threads,
        reason: state === 'dropped' ? reason : null,
      }),
    ),
  ];
}

/**
 * @param {import('../senmei.js').Rung[]} rungs
 * @returns {import('../senmei.js').Rung | undefined} the one that keeps most cores busy
 */
function most(rungs) {
  return [...rungs].sort((one, other) => other.workers * other.threads - one.workers * one.threads)[0];
}
