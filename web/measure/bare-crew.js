import * as Comlink from '../vendor/comlink/comlink.mjs';
import { filesOf } from '../workers/session-options.js';

/** @typedef {import('./ways.js').Way} Way */

/** As many workers as a job has, with the bare runtime in each. */
export class BareCrew {
  /** @type {Worker[]} */
  #workers;
  /** @type {Comlink.Remote<import('./bare-worker.js').Bare>[]} */
  #remotes;
  #way;

  /** The runtime's. */
  version = '';

  /** @param {Way} way */
  constructor(way) {
    this.#way = way;
    this.#workers = Array.from(
      { length: way.workers },
      () => new Worker(new URL('./bare-worker.js', import.meta.url), { type: 'module' }),
    );
    this.#remotes = this.#workers.map((worker) => Comlink.wrap(worker));
  }

  /** @param {import('../senmei.js').ModelCard} card */
  async load(card) {
    const { provider, threads, graph } = this.#way;
    const files = filesOf(card, graph);
    [this.version] = await Promise.all(this.#remotes.map((remote) => remote.load(provider, threads, ...files)));
  }

  /**
   * Runs tiles, shared out evenly.
   *
   * @param {number} tiles
   * @param {number[]} dims of each
   */
  async run(tiles, dims) {
    const { workers } = this.#way;
    const shareOf = (/** @type {number} */ worker) => Math.ceil((tiles - worker) / workers);
    await Promise.all(this.#remotes.map((remote, worker) => remote.run(shareOf(worker), dims)));
  }

  end() {
    for (const worker of this.#workers) worker.terminate();
  }
}
