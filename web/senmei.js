// The public JavaScript API: enlarge pictures with neural networks, entirely in the browser.
//
//   import { Upscaler } from './senmei.js';
//   const up = await Upscaler.create({ model: 'upconv7-anime-2x-n1' });
//   const { blob } = await up.upscale(file, { scale: 2 });
//   await up.dispose();

import { EngineClient } from './engine-client.js';
import { abortError, orAbort, SenmeiError } from './errors.js';
import { sourceBytes } from './source-bytes.js';
import * as Comlink from './vendor/comlink/comlink.mjs';

export { SenmeiError };

/**
 * @typedef {import('./source-bytes.js').PictureSource} PictureSource
 *
 * @typedef {object} Progress
 * @property {'download' | 'start' | 'decode' | 'infer' | 'encode'} stage
 * @property {number} done bytes in 'download', tiles in 'infer', else steps
 * @property {number} total
 * @property {number} fraction of the whole call, 0 to 1, never falling
 * @property {number | null} etaMs milliseconds until the call is done, null while unknown
 *
 * @typedef {object} Tile a finished part of the result
 * @property {number} x in pixels of an image imageWidth × imageHeight
 * @property {number} y
 * @property {number} width
 * @property {number} height
 * @property {Uint8ClampedArray<ArrayBuffer>} pixels RGBA
 * @property {number} imageWidth the size that the last network makes: the result's, or larger when it is resampled in the end
 * @property {number} imageHeight
 * @property {number} sourceWidth the picture's own size
 * @property {number} sourceHeight
 *
 * @typedef {object} Result
 * @property {Blob} blob
 * @property {number} width
 * @property {number} height
 * @property {string} model
 * @property {string} provider what computed it: 'wasm'
 * @property {number} elapsedMs
 *
 * @typedef {object} ModelCard see models/catalogue.toml
 * @property {string} id
 * @property {string} family
 * @property {string} title
 * @property {'upscale'} task
 * @property {'drawing' | 'photo'} content
 * @property {number} scale
 * @property {number | null} noise denoise level 0 to 3, or null
 * @property {string | null} next_pass
 * @property {string} licence
 * @property {string} author
 * @property {string} source
 * @property {string} file
 * @property {number} size_bytes
 */

let lastJob = 0;

/**
 * The models that can be chosen.
 * @returns {Promise<ModelCard[]>}
 * @throws {SenmeiError} network
 */
export async function listModels() {
  const bytes = await sourceBytes(new URL('./models/catalogue.json', import.meta.url));
  return JSON.parse(new TextDecoder().decode(bytes)).models;
}

/** One model, ready to enlarge pictures. All Upscalers of a page share one engine. */
export class Upscaler {
  #engine;
  /** @type {Set<string>} */
  #models = new Set();
  #disposal = new AbortController();

  /**
   * @param {EngineClient} engine
   * @param {string} model
   */
  constructor(engine, model) {
    this.#engine = engine;
    this.model = model;
  }

  /**
   * Loads the engine, unless another Upscaler has, and the model.
   * @param {object} options
   * @param {string} options.model an id of `listModels()`
   * @param {(progress: Progress) => void} [options.onProgress] stages download and start
   * @param {AbortSignal} [options.signal]
   * @returns {Promise<Upscaler>}
   * @throws {SenmeiError} model-unavailable, network, engine-failed
   * @throws {DOMException} AbortError
   */
  static async create({ model, onProgress, signal }) {
    if (typeof model !== 'string') {
      throw new SenmeiError('invalid-option', `The model is an id such as “upconv7-anime-2x-n1”, not ${model}.`);
    }
    if (signal?.aborted) throw abortError();
    const upscaler = new Upscaler(EngineClient.acquire(), model);
    try {
      await upscaler.#prepare(null, signal, onProgress);
      return upscaler;
    } catch (error) {
      await upscaler.dispose();
      throw error;
    }
  }

  /**
   * Enlarges one picture.
   * @param {PictureSource} source
   * @param {object} [options]
   * @param {number} [options.scale] 1 to 16; the model's own when left out
   * @param {'png'} [options.format]
   * @param {AbortSignal} [options.signal]
   * @param {(progress: Progress) => void} [options.onProgress]
   * @param {(tile: Tile) => void} [options.onTile] hears of every part of the result as it is done
   * @returns {Promise<Result>}
   * @throws {SenmeiError} unsupported-format, corrupt-image, too-large, invalid-option, network, disposed, engine-failed
   * @throws {DOMException} AbortError
   */
  async upscale(source, { scale, format = 'png', signal, onProgress, onTile } = {}) {
    if (scale !== undefined && !Number.isFinite(scale)) {
      throw new SenmeiError('invalid-option', `The scale is a number from 1 to 16, not ${scale}.`);
    }
    const started = performance.now();
    // The parts of a job that come before it starts count nothing, so that its own fraction never falls.
    await this.#prepare(scale ?? null, signal, onProgress && ((progress) => onProgress({ ...progress, fraction: 0 })));
    const data = await this.#whileAlive(sourceBytes(source, signal), signal);
    const job = ++lastJob;
    const answer = this.#engine.remote.upscale(
      job,
      Comlink.transfer(data, [data.buffer]),
      { model: this.model, scale, format },
      Comlink.proxy(guarded(onProgress)),
      onTile ? Comlink.proxy(guarded((tile) => onTile(withClampedPixels(tile)))) : null,
    );
    try {
      const { data: file, ...facts } = unwrap(await this.#whileAlive(answer, signal));
      return { blob: new Blob([file], { type: `image/${format}` }), ...facts, elapsedMs: performance.now() - started };
    } catch (error) {
      // Harmless for a job that has ended already.
      void this.#engine.remote.cancel(job);
      throw error;
    }
  }

  /**
   * Runs the network once in every worker, so that the first picture finds it compiled.
   * @throws {SenmeiError} disposed, engine-failed
   */
  async warmup() {
    unwrap(await this.#whileAlive(this.#engine.remote.warmUp(this.model)));
  }

  /** Stops the jobs of this Upscaler and frees its models; the last one ends the engine. Further calls do nothing. */
  async dispose() {
    if (this.#disposal.signal.aborted) return;
    this.#disposal.abort();
    try {
      await Promise.all([...this.#models].map((model) => this.#engine.dropModel(model)));
    } catch {
      // A dead engine holds no models.
    } finally {
      this.#engine.release();
    }
  }

  /**
   * @param {number | null} scale
   * @param {AbortSignal | undefined} signal
   * @param {((progress: Progress) => void) | undefined} onProgress
   */
  async #prepare(scale, signal, onProgress) {
    const prepared = this.#engine.remote.prepare(this.model, scale, Comlink.proxy(guarded(onProgress)));
    for (const model of unwrap(await this.#whileAlive(prepared, signal))) {
      if (this.#models.has(model)) continue;
      this.#models.add(model);
      this.#engine.holdModel(model);
    }
  }

  /**
   * @template T
   * @param {Promise<T>} answer
   * @param {AbortSignal} [signal]
   * @returns {Promise<T>}
   */
  async #whileAlive(answer, signal) {
    const disposed = this.#disposal.signal;
    try {
      return await orAbort(this.#engine.call(answer), signal ? AbortSignal.any([signal, disposed]) : disposed);
    } catch (error) {
      if (!disposed.aborted || signal?.aborted) throw error;
      throw new SenmeiError('disposed', 'This Upscaler was disposed; create another one.');
    }
  }
}

/**
 * @template T
 * @param {import('./workers/engine.js').Answer<T>} answer
 * @returns {T}
 */
function unwrap({ value, error }) {
  if (error) throw error.code === 'cancelled' ? abortError() : new SenmeiError(error.code, error.message);
  return /** @type {T} */ (value);
}

/**
 * A caller's function whose faults are reported as its own and do not harm the job.
 * @template T
 * @param {((value: T) => void) | undefined} callback
 * @returns {(value: T) => void}
 */
function guarded(callback) {
  return (value) => {
    try {
      callback?.(value);
    } catch (error) {
      reportError(error);
    }
  };
}

/**
 * @param {import('./workers/engine.js').PlainTile} tile
 * @returns {Tile}
 */
function withClampedPixels(tile) {
  return { ...tile, pixels: new Uint8ClampedArray(tile.pixels.buffer) };
}
