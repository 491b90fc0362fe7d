// The page's end of the engine: makes every worker, joins them with ports, and ends them when nobody uses them any more.
// Workers are made here and not inside the engine worker because Firefox now and then hangs in a nested `new Worker()`.

import { SenmeiError } from './errors.js';
import * as Comlink from './vendor/comlink/comlink.mjs';

/** @typedef {import('./workers/engine.js').RemoteEngine} RemoteEngine */

/** @type {EngineClient | null} */
let shared = null;

/** The engine that all Upscalers of a page share. Each `acquire` needs its `release`. */
export class EngineClient {
  #users = 0;
  /** @type {Worker[]} */
  #workers = [];
  /** @type {Promise<never>} */
  #failure;
  /** @type {(error: SenmeiError) => void} */
  #fail = () => undefined;

  constructor() {
    this.#failure = new Promise((_, reject) => {
      this.#fail = reject;
    });
    // Calls race with it; when there is none, nobody is to be told.
    this.#failure.catch(() => undefined);
    const engine = this.#makeWorker('engine');
    this.remote = /** @type {Comlink.Remote<RemoteEngine>} */ (Comlink.wrap(engine));
    const channels = Array.from({ length: poolSize() }, () => new MessageChannel());
    const ports = channels.map(({ port2 }) => port2);
    const [first, ...others] = channels.map(({ port1 }) => port1);
    this.#makeInferenceWorker(first);
    // The first worker is enough to be ready; the others would take the cores from Python while it starts. Meanwhile their
    // ports keep what is sent to them.
    this.call(this.remote.boot(Comlink.transfer(ports, ports)))
      .then(() => others.map((port) => this.#makeInferenceWorker(port)))
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
   * The answer of the engine worker, or the failure of any worker, which nothing else would tell.
   * @template T
   * @param {Promise<T>} answer
   * @returns {Promise<T>}
   */
  call(answer) {
    return Promise.race([answer, this.#failure]);
  }

  /** @param {'engine' | 'inference'} name */
  #makeWorker(name) {
    const worker = new Worker(new URL(`./workers/${name}.js`, import.meta.url), {
      type: 'module',
      name: `senmei ${name}`,
    });
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      const reason = event.message || 'its script cannot be loaded';
      this.#end(new SenmeiError('engine-failed', `The ${name} worker stopped: ${reason}.`));
    });
    this.#workers.push(worker);
    return worker;
  }

  /** @param {MessagePort} port to the engine worker */
  #makeInferenceWorker(port) {
    this.#makeWorker('inference').postMessage(port, [port]);
  }

  /** @param {SenmeiError} reason */
  #end(reason) {
    if (shared === this) shared = null;
    for (const worker of this.#workers) worker.terminate();
    this.#fail(reason);
  }
}

/** As many as there are cores, but no more than two for each GB of memory that the browser tells of. */
function poolSize() {
  const memoryGb = /** @type {{ deviceMemory?: number }} */ (navigator).deviceMemory ?? 4;
  return Math.max(1, Math.min(navigator.hardwareConcurrency || 2, 2 * memoryGb));
}
