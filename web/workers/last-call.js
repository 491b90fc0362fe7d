import * as Comlink from '../vendor/comlink/comlink.mjs';

/**
 * Calls a function of the page, which travels on a port of its own. An answer could overtake the last calls, so it waits for `end`.
 * @template T
 */
export class LastCall {
  /** @type {Promise<unknown>} */
  #last = Promise.resolve();

  /** @param {(value: T) => unknown} call */
  constructor(call) {
    this.call = call;
  }

  /** @param {T} value */
  send(value) {
    this.#last = Promise.resolve(this.call(value));
  }

  async end() {
    await this.#last;
    /** @type {Comlink.Remote<Function>} */ (/** @type {unknown} */ (this.call))[Comlink.releaseProxy]();
  }
}
