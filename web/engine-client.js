// The page's end of the engine: makes its worker, lends it hands, and ends everything when nobody uses it any more.

import { SenmeiError } from './errors.js';
import { InferenceHost, reasonOf } from './inference-host.js';
import { hearOfDeath } from './life-lock.js';
import { Lifeline } from './lifeline.js';
import * as Comlink from './vendor/comlink/comlink.mjs';

/** @typedef {import('./workers/engine.js').RemoteEngine} RemoteEngine */

/** @type {EngineClient | null} */
let shared = null;

/** The engine that all Upscalers of a page share. Each `acquire` needs its `release`. */
export class EngineClient {
  #users = 0;
  #worker;
  #host;
  #lifeline = new Lifeline();

  constructor() {
    const name = uniqueName('engine');
    this.#worker = new Worker(new URL('./workers/engine.js', import.meta.url), { type: 'module', name });
    this.#worker.addEventListener('error', (event) => {
      event.preventDefault();
      this.#end(new SenmeiError('engine-failed', `The engine worker stopped: ${reasonOf(event)}.`));
    });
    this.remote = /** @type {Comlink.Remote<RemoteEngine>} */ (Comlink.wrap(this.#worker));
    this.#host = new InferenceHost((...lost) => void this.remote.lost(...lost));
    // Made at once, so that its runtime and the model load while Python starts. Others would take the cores from Python.
    const { port1, port2 } = new MessageChannel();
    const first = { name: uniqueName('inference'), port: port2 };
    this.#host.make(first.name, 'wasm', 1, port1);
    const booted = this.remote.boot(Comlink.proxy(this.#host), Comlink.transfer(first, [port2]), this.#host.recall());
    this.call(booted).catch(() => undefined);
    this.call(this.remote.live(name))
      .then(() => {
        hearOfDeath(name, () => this.#end(new SenmeiError('engine-failed', 'The engine worker has died.')));
      })
      .catch(() => undefined);
  }

  /** @returns {EngineClient} */
  static acquire() {
    shared ??= new EngineClient();
    shared.#users += 1;
    return shared;
  }

  /**
   * Lets go of the engine, and of the models that nobody else holds.
   * @param {number} owner
   */
  async release(owner) {
    this.#users -= 1;
    try {
      if (this.#users > 0) await this.call(this.remote.release(owner));
    } catch {
      // A dead engine holds no models.
    } finally {
      if (this.#users === 0)
        this.#end(new SenmeiError('disposed', 'The engine was ended because no Upscaler uses it.'));
    }
  }

  /**
   * The answer of the engine worker, or its failure, which nothing else would tell.
   * @template T
   * @param {Promise<T>} answer
   * @returns {Promise<T>}
   */
  call(answer) {
    return this.#lifeline.hold(answer);
  }

  /** @param {SenmeiError} reason */
  #end(reason) {
    if (shared === this) shared = null;
    this.#worker.terminate();
    this.#host.endAll();
    this.#lifeline.cut(reason);
  }
}

/** @param {string} kind */
function uniqueName(kind) {
  return `senmei ${kind} ${Math.random().toString(36).slice(2)}`;
}
