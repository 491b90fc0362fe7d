// Which ways of computing are worth measuring on a machine.

/**
 * @typedef {import('../senmei.js').EngineReport} EngineReport
 * @typedef {Pick<import('../senmei.js').Rung, 'provider' | 'workers' | 'threads' | 'graph'>} Way
 */

/**
 * One worker and as many as there can be, with each graph of the model; one with as many threads as there can be, and the GPU.
 *
 * @param {EngineReport} report
 * @returns {(Way & { reason: string | null })[]} reason: a sentence, where it cannot be had
 */
export function waysFor({ rungs }) {
  const ofProcessor = rungs.filter(({ provider }) => provider === 'wasm');
  const oneThreaded = ofProcessor.filter(({ threads }) => threads === 1);
  const teams = ofProcessor.filter(({ threads, workers }) => threads > 1 && workers === 1);
  const largest = teams.sort((one, other) => other.threads - one.threads).slice(0, 1);
  const gpu = rungs.filter(({ provider }) => provider === 'webgpu');
  return [
    ...oneThreaded.map((rung) => ({ ...rung, workers: 1 })),
    ...oneThreaded.filter(({ workers }) => workers > 1),
    ...largest,
    ...gpu,
  ].map(({ provider, workers, threads, graph, state, reason }) => ({
    provider,
    workers,
    threads,
    graph,
    reason: state === 'dropped' ? reason : null,
  }));
}
