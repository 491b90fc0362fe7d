// The inference workers, as Python sees them: it decides what is made, loaded and run where; here it is done, and the death
// of a worker is told at once to everyone who waits for it.

import { hearOfDeath } from '../life-lock.js';
import * as Comlink from '../vendor/comlink/comlink.mjs';
import { BufferPool, buffersOf } from './buffer-pool.js';
import { InferenceLink } from './inference-link.js';
import { namedError } from './named-error.js';
import { runtimeOf } from './runtime-builds.js';

/**
 * @typedef {import('./inference.js').PlainTensors} PlainTensors
 * @typedef {import('./inference.js').Run} Run
 * @typedef {import('./runtime-builds.js').Provider} Provider
 *
 * @typedef {object} Host what makes workers: the page
 * @property {(name: string, provider: Provider, threads: number, port: MessagePort) => unknown} make
 * @property {(name: string) => unknown} end
 * @property {(text: string) => unknown} remember
 *
 * @typedef {object} Supplies
 * @property {(file: string) => Promise<Uint8Array>} download a file of models/
 * @property {(path: string | null, start: Promise<void>) => Promise<void>} follow shows the progress of a session's start,
 *   for which this file of the site is fetched, or none
 * @property {(path: string, bytes: number) => void} onBytes hears of the bytes of these files
 * @property {(sentence: string) => void} onUnreachable hears which part of a runtime cannot be fetched, and why
 */

/** Of the tiles that one worker computes, or of many small ones. */
const POOLED_BYTES = 64_000_000;

const ARRAYS = { float32: Float32Array, int64: BigInt64Array };

export class Fleet {
  #host;
  #supplies;
  #names = `senmei inference ${Math.random().toString(36).slice(2)}`;
  #lastWorker = 0;
  /** @type {Map<number, InferenceLink>} */
  #links = new Map();
  /** Resolves when the worker's script has answered. @type {WeakMap<InferenceLink, Promise<void>>} */
  #started = new WeakMap();
  /** Those that nobody has asked for yet. @type {Set<number>} */
  #spares = new Set();
  /** @type {Map<string, Promise<Uint8Array>>} */
  #models = new Map();
  /** What of the runtime is fetched or was. @type {Set<string>} */
  #followed = new Set();
  #pool = new BufferPool(POOLED_BYTES);

  /**
   * @param {Host} host
   * @param {Supplies} supplies
   */
  constructor(host, supplies) {
    this.#host = host;
    this.#supplies = supplies;
  }

  /**
   * Takes a worker that the host has made by itself.
   * @param {string} name
   * @param {Provider} provider
   * @param {number} threads
   * @param {MessagePort} port
   */
  adopt(name, provider, threads, port) {
    this.#spares.add(this.#join(new InferenceLink(name, provider, threads, port)));
  }

  /**
   * Begins to load a model into a worker that `make` will hand out.
   * @param {Provider} provider
   * @param {number} threads
   * @param {string} file in models/
   * @param {string | null} weights see `load`
   */
  async preload(provider, threads, file, weights) {
    const worker = this.#spare(provider, threads) ?? this.#begin(provider, threads);
    this.#spares.add(worker);
    await this.load(worker, file, weights);
  }

  /**
   * @param {Provider} provider
   * @param {number} threads of each of its sessions
   * @returns {Promise<number>} names the worker; as soon as its script has answered
   * @throws {Error} WorkerLost, Unreachable
   */
  async make(provider, threads) {
    const worker = this.#spare(provider, threads) ?? this.#begin(provider, threads);
    this.#spares.delete(worker);
    await this.#started.get(this.#link(worker));
    return worker;
  }

  /**
   * Starts the session of a model, unless it is there or about to be. Each file is downloaded once, until it is forgotten.
   * @param {number} worker
   * @param {string} file in models/
   * @param {string | null} weights the file in models/ that its weights are in, where they are not in itself
   * @throws {Error} WorkerLost, DeviceLost, Unreachable
   */
  async load(worker, file, weights) {
    const link = this.#link(worker);
    let loaded = link.models.get(file);
    if (!loaded) {
      loaded = this.#load(worker, link, file, weights);
      link.models.set(file, loaded);
      // It may be asked for again.
      loaded.catch(() => link.models.get(file) === loaded && link.models.delete(file));
    }
    await loaded;
  }

  /**
   * The data of a tensor to come.
   * @param {keyof typeof ARRAYS} type
   * @param {number} length
   */
  array(type, length) {
    const kind = ARRAYS[type];
    return new kind(this.#pool.take(length * kind.BYTES_PER_ELEMENT), 0, length);
  }

  /**
   * Several runs that are sent to one worker are done in this order, one after the other.
   * @param {number} worker
   * @param {string} file
   * @param {PlainTensors} feeds are moved to the worker
   * @returns {Promise<Run>}
   * @throws {Error} WorkerLost, DeviceLost
   */
  async run(worker, file, feeds) {
    const link = this.#link(worker);
    await link.models.get(file);
    const run = await link.ask((remote) => remote.run(file, Comlink.transfer(feeds, buffersOf(feeds))));
    for (const buffer of run.used) this.#pool.give(buffer);
    return run;
  }

  /**
   * @param {number} worker
   * @param {string} file
   */
  async unload(worker, file) {
    const link = this.#link(worker);
    if (link.models.delete(file)) await link.change((remote) => remote.unload(file));
  }

  /**
   * Whoever waits for an answer of the worker hears that it is lost. One that is gone already is left in peace.
   * @param {number} worker
   */
  async end(worker) {
    const link = this.#links.get(worker);
    this.#lose(worker, namedError('WorkerLost', 'The inference worker was ended.'));
    if (link) await this.#host.end(link.name);
  }

  /** Ends the workers that were begun and never asked for. */
  async endSpares() {
    await Promise.all([...this.#spares].map((worker) => this.end(worker)));
  }

  /**
   * The host tells of a worker that has stopped.
   * @param {string} name
   * @param {import('./named-error.js').ErrorName} kind
   * @param {string} message
   */
  lost(name, kind, message) {
    for (const [worker, link] of this.#links) if (link.name === name) this.#lose(worker, namedError(kind, message));
  }

  /**
   * @param {string} file in models/
   * @returns {Promise<Uint8Array>}
   * @throws {Error} Unreachable
   */
  golden(file) {
    return this.#supplies.download(file);
  }

  /**
   * Drops what was downloaded; workers keep what they hold.
   * @param {string} file
   */
  async forget(file) {
    this.#models.delete(file);
  }

  /** @param {string} text is handed to the next visit */
  async remember(text) {
    await this.#host.remember(text);
  }

  /**
   * @param {Provider} provider
   * @param {number} threads
   */
  #spare(provider, threads) {
    return [...this.#spares].find((worker) => {
      const link = this.#links.get(worker);
      return link?.provider === provider && link.threads === threads;
    });
  }

  /**
   * @param {Provider} provider
   * @param {number} threads
   */
  #begin(provider, threads) {
    const { port1, port2 } = new MessageChannel();
    const link = new InferenceLink(`${this.#names} ${this.#lastWorker + 1}`, provider, threads, port1);
    const made = this.#host.make(link.name, provider, threads, Comlink.transfer(port2, [port2]));
    return this.#join(link, made);
  }

  /**
   * @param {InferenceLink} link
   * @param {unknown} [made] resolves when the host has made the worker
   * @returns {number}
   */
  #join(link, made) {
    const worker = ++this.#lastWorker;
    this.#links.set(worker, link);
    const started = this.#start(worker, link, made);
    this.#started.set(link, started);
    // Told by `make`.
    started.catch(() => undefined);
    return worker;
  }

  /**
   * @param {number} worker
   * @param {InferenceLink} link
   * @param {unknown} made
   */
  async #start(worker, link, made) {
    try {
      await link.ask((remote) => Promise.all([made, remote.live(link.name)]));
    } catch (error) {
      throw this.#giveUp(worker, link, /** @type {Error} */ (error));
    }
    hearOfDeath(link.name, () => this.#giveUp(worker, link, new Error('The inference worker has died.')));
  }

  /**
   * @param {number} worker
   * @param {InferenceLink} link
   * @param {string} file
   * @param {string | null} weights
   */
  #load(worker, link, file, weights) {
    const { wasm } = runtimeOf(link.provider);
    // All workers of a build fetch the same file; the first one's bytes are shown for all.
    const isFirst = !this.#followed.has(wasm);
    this.#followed.add(wasm);
    const onBytes = isFirst ? Comlink.proxy(this.#supplies.onBytes) : null;
    const parts = [this.#model(file), ...(weights ? [this.#model(weights)] : [])];
    const loading = link.change(async (remote) => {
      // Without its model a worker is still good for another one; without its runtime for nothing.
      const [model, data] = await Promise.all(parts);
      await remote.load(file, model, weights ? { path: weights, data } : null, onBytes).catch((error) => {
        throw error.name === 'Unreachable' ? this.#giveUp(worker, link, error) : error;
      });
    });
    // Another worker may fetch it then.
    if (isFirst) loading.catch(() => this.#followed.delete(wasm));
    return this.#supplies.follow(isFirst ? wasm : null, loading);
  }

  /** @param {string} file */
  #model(file) {
    let model = this.#models.get(file);
    if (!model) {
      model = this.#supplies.download(file);
      this.#models.set(file, model);
      model.catch(() => this.#models.delete(file));
    }
    return model;
  }

  /**
   * Ends a worker that is of no use.
   * @param {number} worker
   * @param {InferenceLink} link
   * @param {Error} error
   * @returns {Error} what to throw instead
   */
  #giveUp(worker, link, error) {
    const isUnreachable = error.name === 'Unreachable';
    if (isUnreachable) this.#supplies.onUnreachable(error.message);
    const reason = isUnreachable ? error : namedError('WorkerLost', error.message);
    if (this.#lose(worker, reason)) void this.#host.end(link.name);
    return reason;
  }

  /** @param {number} worker */
  #link(worker) {
    const link = this.#links.get(worker);
    if (!link) throw namedError('WorkerLost', 'The inference worker is gone.');
    return link;
  }

  /**
   * @param {number} worker
   * @param {Error} reason what everyone who waits for it is told
   * @returns {boolean} whether it was there
   */
  #lose(worker, reason) {
    const link = this.#links.get(worker);
    this.#links.delete(worker);
    this.#spares.delete(worker);
    link?.end(reason);
    return link !== undefined;
  }
}
