// One inference worker, as the engine worker reaches it.

import { Lifeline } from '../lifeline.js';
import * as Comlink from '../vendor/comlink/comlink.mjs';

/**
 * @typedef {import('./inference.js').Inference} Inference
 * @typedef {import('./runtime-builds.js').Provider} Provider
 */

export class InferenceLink {
  #port;
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
    this.remote = /** @type {Comlink.Remote<Inference>} */ (Comlink.wrap(port));
  }

  /**
   * @template T
   * @param {Promise<T>} answer of `remote`
   * @returns {Promise<T>} the answer, or the reason of the worker's death
   */
  ask(answer) {
    return this.#lifeline.hold(answer);
  }

  /**
   * Models come and go one after the other, so that one which is loaded, unloaded and loaded again is there in the end.
   * @param {() => Promise<void>} change
   * @returns {Promise<void>}
   */
  change(change) {
    const done = this.#last.then(change);
    this.#last = done.catch(() => undefined);
    return this.ask(done);
  }

  /** @param {Error} reason what everyone who waits for an answer is told */
  end(reason) {
    this.#lifeline.cut(reason);
    this.remote[Comlink.releaseProxy]();
    // A dead worker does not answer the release.
    this.#port.close();
  }
}
