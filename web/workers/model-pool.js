// The inference workers and the models they hold.

import * as Comlink from '../vendor/comlink/comlink.mjs';

/**
 * @typedef {typeof import('./inference.js').inference} Inference
 * @typedef {import('./inference.js').PlainTensors} PlainTensors
 */

/** Each model is downloaded once, loaded by every worker, and kept as long as one of its owners lives. */
export class ModelPool {
  /** @type {Comlink.Remote<Inference>[]} */
  #workers;
  #download;
  #step;
  #others;
  #onRuntimeBytes;
  /** Each model's file, and for every worker the promise that it holds it. @type {Map<string, Promise<string>[]>} */
  #models = new Map();
  /** @type {Map<number, Set<string>>} */
  #owners = new Map();

  /**
   * @param {MessagePort[]} ports one to each worker
   * @param {object} loading
   * @param {(file: string) => Promise<Uint8Array>} loading.download
   * @param {<T>(work: Promise<T>) => Promise<T>} loading.step
   * @param {(path: string, bytes: number) => void} loading.onRuntimeBytes hears of the runtime's bytes in the first worker
   * @param {() => Promise<unknown>} loading.others when the workers after the first may load: before, they would take the
   *   cores from Python
   */
  constructor(ports, { download, step, onRuntimeBytes, others }) {
    this.#workers = ports.map((port) => Comlink.wrap(port));
    this.#download = download;
    this.#step = step;
    this.#onRuntimeBytes = onRuntimeBytes;
    this.#others = others;
  }

  get size() {
    return this.#workers.length;
  }

  /** @param {number} owner */
  join(owner) {
    this.#owners.set(owner, new Set());
  }

  /**
   * Has every worker load a model.
   * @param {string} file in models/
   * @param {number} owner
   * @returns {Promise<string>} the execution provider, as soon as the first worker holds the model
   */
  async open(file, owner) {
    const owned = this.#owners.get(owner);
    if (!owned) throw new Error('its Upscaler was disposed');
    owned.add(file);
    let holders = this.#models.get(file);
    if (!holders) {
      holders = this.#load(file);
      this.#models.set(file, holders);
    }
    return holders[0];
  }

  /**
   * @param {number} worker index in the pool
   * @param {string} file
   * @param {PlainTensors} feeds
   * @returns {Promise<PlainTensors>}
   */
  async run(worker, file, feeds) {
    await this.#models.get(file)?.[worker];
    const buffers = Object.values(feeds).map((tensor) => tensor.data.buffer);
    return this.#workers[worker].run(file, Comlink.transfer(feeds, buffers));
  }

  /**
   * Forgets an owner and frees the models that were its alone.
   * @param {number} owner
   * @param {(file: string) => void} onFreed
   */
  async leave(owner, onFreed) {
    const owned = this.#owners.get(owner) ?? new Set();
    this.#owners.delete(owner);
    const others = [...this.#owners.values()];
    const unowned = [...owned].filter((file) => !others.some((files) => files.has(file)));
    await Promise.all(
      unowned.map(async (file) => {
        onFreed(file);
        const holders = this.#models.get(file);
        if (!holders) return;
        this.#models.delete(file);
        // One that still loads would load it after it was released.
        await Promise.allSettled(holders);
        await Promise.all(this.#workers.map((worker) => worker.release(file)));
      }),
    );
  }

  /**
   * @param {string} file
   * @returns {Promise<string>[]}
   */
  #load(file) {
    const model = this.#download(file);
    const counted = Comlink.proxy(this.#onRuntimeBytes);
    const first = this.#step(model.then((bytes) => this.#workers[0].load(file, bytes, counted)));
    const others = this.#workers.slice(1).map(async (worker) => {
      await Promise.all([first, this.#others()]);
      return worker.load(file, await model, null);
    });
    // A model that failed to load may be asked for again.
    first.catch(() => this.#models.delete(file));
    // Whoever runs a tile in a worker hears of its failure; it may be nobody.
    for (const other of others) other.catch(() => undefined);
    return [first, ...others];
  }
}
