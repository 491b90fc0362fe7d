// One inference worker, as the engine worker reaches it.

import { Lifeline } from '../lifeline.js';
import * as Comlink from '../vendor/comlink/comlink.mjs';

/**
 * @typedef {import('./inference.js').Inference} Inference
 * @typedef {import('./runtime-builds.js').Provider} Provider
 */

export class InferenceLink {
  #port;
  #remote;
  #lifeline = new Lifeline();
  /** @type {Promise<unknown>} */
  #last = Promise.resolve();

  /** The models that it holds or is about to. @type {Map<string, Promise<void>>} */
  models = new Map();

  /**
   * @param {string} name
   * @param {Provider} provider
   * @param {number} threads
   * @param {MessagePort} port
   */
  constructor(name, provider, threads, port) {
    this.name = name;
    this.provider = provider;
    this.threads = threads;
    this.#port = port;
    this.#remote = /** @type {Comlink.Remote<Inference>} */ (Comlink.wrap(port));
  }

  /**
   * @template T
   * @param {(remote: Comlink.Remote<Inference>) => Promise<T>} call
   * @returns {Promise<T>} the answer, or the reason of the worker's death
   */
  async ask(call) {
    if (this.#lifeline.reason) throw this.#lifeline.reason;
    return this.#lifeline.hold(call(this.#remote));
  }

  /**
   * Models come and go one after the other, so that one which is loaded, unloaded and loaded again is there in the end.
   * @param {(remote: Comlink.Remote<Inference>) => Promise<void>} call
   * @returns {Promise<void>}
   */
  async change(call) {
    const done = this.#last.then(() => this.ask(call));
    this.#last = done.catch(() => undefined);
    return this.#lifeline.hold(done);
  }

  /** @param {Error} reason what everyone who waits for an answer is told */
  end(reason) {
    this.#lifeline.cut(reason);
    this.#remote[Comlink.releaseProxy]();
    // A dead worker does not answer the release.
    this.#port.close();
  }
}
