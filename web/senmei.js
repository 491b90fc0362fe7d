// The public JavaScript API: enlarge pictures with neural networks, entirely in the browser.
//
//   import { Upscaler } from './senmei.js';
//   const up = await Upscaler.create({ model: 'upconv7-anime-2x-n1' });
//   const { blob } = await up.upscale(file, { scale: 2 });
//   await up.dispose();

import { EngineClient } from './engine-client.js';
import { abortError, orAbort, SenmeiError } from './errors.js';
import { checkedOptions, choiceOf, wantedOf } from './options.js';
import { outputFolder, removeOutput } from './output-files.js';
import { sourceFile } from './source-file.js';
import * as Comlink from './vendor/comlink/comlink.mjs';

export { SenmeiError };

/**
 * @typedef {import('./source-file.js').PictureSource} PictureSource
 * @typedef {import('./options.js').Wanted} Wanted
 * @typedef {import('./workers/engine.js').EngineReport} EngineReport
 * @typedef {import('./workers/engine.js').Rung} Rung
 *
 * @typedef {object} Progress
 * @property {'download' | 'start' | 'decode' | 'infer' | 'encode'} stage
 * @property {number} done bytes in 'download', tiles in 'infer', else steps
 * @property {number} total
 * @property {number} fraction of the whole call, 0 to 1, never falling
 * @property {number | null} etaMs milliseconds until the call is done, null while unknown
 * @property {number} [frame] how many frames of an animation are done
 * @property {number} [frames] how many there are
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
 * @property {number} frame which frame of an animation it belongs to
 *
 * @typedef {object} Plan what a job will make and take
 * @property {string} format of the picture: 'PNG', 'JPEG' …
 * @property {number} width of the picture as it is shown
 * @property {number} height
 * @property {number} depth bits a sample, 8 or 16
 * @property {number} channels samples a pixel, 1 to 4
 * @property {number} frames that will be made: more than 1 of an animation
 * @property {number} targetWidth
 * @property {number} targetHeight
 * @property {number} tiles how often a network runs at most
 * @property {number} memoryBytes the most that is taken at once
 * @property {number} outputBytes what of the result is held in memory until it is whole
 * @property {number | null} estimateMs about how long the networks will take, null where that was not measured yet; with
 *   it tiles and memory may change, for they are planned for the speed that was found
 *
 * @typedef {object} Result
 * @property {Blob} blob a large one is on disk; the caller's own File with `writeTo`
 * @property {string} name for the file: cat.jpg becomes cat@2x.png
 * @property {number} width
 * @property {number} height
 * @property {string} format 'png', 'jpeg', 'webp', 'gif', 'tiff' or 'zip'
 * @property {number} depth bits a sample
 * @property {string[]} notes sentences about what was lost or guessed, and what went wrong on the way and was mended
 * @property {string} model
 * @property {'webgpu' | 'wasm' | 'none'} provider what computed it: the GPU, the processor, or no network at all
 * @property {number} workers that computed at a time
 * @property {number} threads of each
 * @property {'direct' | 'winograd' | 'none'} graph which of the model's two graphs they ran, see `Upscaler.create`
 * @property {number} frames how many were enlarged
 * @property {number} tiles of all frames
 * @property {number} tilesRun those of them that were computed; the others were known from another frame
 * @property {number} elapsedMs
 * @property {() => Promise<void>} release frees the disk of a large result, whose blob cannot be read any more; without it
 *   that is done when the page goes
 *
 * @typedef {object} Listeners
 * @property {string} [name] of the picture, for the result's; a File's own and a URL's last part are known
 * @property {AbortSignal} [signal]
 * @property {AbortSignal} [endSignal] ends an animation early: the result has the frames that are done, and a note says so
 * @property {(progress: Progress) => void} [onProgress]
 * @property {(tile: Tile) => void} [onTile] hears of every part of the result as it is done
 * @property {(plan: Plan) => void} [onPlan] hears what will be done before anything is decoded
 * @property {FileSystemFileHandle} [writeTo] takes the result as it is made; when the job fails or is cancelled, it keeps
 *   what was in it
 *
 * @typedef {Wanted & Listeners} UpscaleOptions
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
 * @property {{ file: string, size_bytes: number } | null} winograd its second graph, which points into the first file
 */

let lastJob = 0;
let lastOwner = 0;

/**
 * The models that can be chosen.
 * @returns {Promise<ModelCard[]>}
 * @throws {SenmeiError} network
 */
export async function listModels() {
  const { blob } = await sourceFile(new URL('./models/catalogue.json', import.meta.url));
  return JSON.parse(await blob.text()).models;
}

/** One model, ready to enlarge pictures. All Upscalers of a page share one engine. */
export class Upscaler {
  #engine;
  #owner = ++lastOwner;
  /** What the engine still works on, also for callers that did not wait. @type {Set<Promise<unknown>>} */
  #running = new Set();
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
   * @param {'auto' | 'webgpu' | 'wasm'} [options.provider] 'auto', the usual, is the fastest that computes right; 'webgpu' is
   *   taken even where it is slow
   * @param {number} [options.threads] of each session
   * @param {number} [options.workers] that compute at a time, each with a session of its own
   * @param {'auto' | 'direct' | 'winograd'} [options.graph] how the network is computed: 'winograd' with fewer multiplications,
   *   on the processor, where the model has such a graph; 'auto', the usual, is the faster one, which is found out on the first
   *   visit
   * @param {(progress: Progress) => void} [options.onProgress] stages download and start
   * @param {AbortSignal} [options.signal]
   * @returns {Promise<Upscaler>}
   * @throws {SenmeiError} invalid-option, model-unavailable, network, engine-failed
   * @throws {DOMException} AbortError
   */
  static async create(options) {
    const checked = checkedOptions(options);
    const { model, onProgress, signal } = checked;
    if (typeof model !== 'string') {
      throw new SenmeiError('invalid-option', `The model is an id such as “upconv7-anime-2x-n1”, not ${model}.`);
    }
    if (signal?.aborted) throw abortError();
    const upscaler = new Upscaler(EngineClient.acquire(), model);
    try {
      const progress = Comlink.proxy(guarded(onProgress));
      const prepared = upscaler.#engine.remote.prepare(upscaler.#owner, model, choiceOf(checked), progress);
      unwrap(await upscaler.#whileAlive(prepared, signal));
      return upscaler;
    } catch (error) {
      await upscaler.dispose();
      throw error;
    }
  }

  /**
   * Enlarges one picture.
   * @param {PictureSource} source
   * @param {UpscaleOptions} [options]
   * @returns {Promise<Result>}
   * @throws {SenmeiError} unsupported-format, corrupt-image, too-large, invalid-option, model-unavailable, network, disposed,
   *   engine-failed
   * @throws {DOMException} AbortError
   */
  async upscale(source, options = {}) {
    const checked = checkedOptions(options);
    const { name, signal, endSignal, onProgress, onTile, onPlan, writeTo } = checked;
    const started = performance.now();
    const picture = await this.#whileAlive(sourceFile(source, signal), signal);
    const output = writeTo ?? (await outputFolder());
    const job = {
      job: ++lastJob,
      owner: this.#owner,
      wanted: wantedOf(checked),
      picture: picture.blob,
      name: name ?? picture.name,
      output,
    };
    const answer = this.#engine.remote.upscale(
      job,
      Comlink.proxy(guarded(onProgress)),
      onTile ? Comlink.proxy(guarded((tile) => onTile(withClampedPixels(tile)))) : null,
      onPlan ? Comlink.proxy(guarded(onPlan)) : null,
    );
    const ended = answer.catch(() => undefined).finally(() => this.#running.delete(ended));
    this.#running.add(ended);
    const endEarly = () => void this.#engine.remote.endEarly(job.job);
    endSignal?.addEventListener('abort', endEarly);
    if (endSignal?.aborted) endEarly();
    try {
      const { file, ...result } = unwrap(await this.#whileAlive(answer, signal));
      const release = async () => {
        if (file !== null) await removeOutput(file);
      };
      return { ...result, elapsedMs: performance.now() - started, release };
    } catch (error) {
      // Harmless for a job that has ended already.
      void this.#engine.remote.cancel(job.job);
      // One that ended while it was cancelled has left a file that nobody will ask for.
      answer.then(({ value }) => (value?.file ? removeOutput(value.file) : undefined)).catch(() => undefined);
      throw error;
    } finally {
      endSignal?.removeEventListener('abort', endEarly);
    }
  }

  /**
   * What `upscale` would make of the same source and options, and what that takes. Reads only the picture's header.
   * @param {PictureSource} source
   * @param {UpscaleOptions} [options] of its listeners only the signal is heard
   * @returns {Promise<Plan>}
   * @throws {SenmeiError} unsupported-format, corrupt-image, too-large, invalid-option, network, disposed, engine-failed
   * @throws {DOMException} AbortError
   */
  async plan(source, options = {}) {
    const checked = checkedOptions(options);
    const { signal } = checked;
    const { blob } = await this.#whileAlive(sourceFile(source, signal), signal);
    return unwrap(await this.#whileAlive(this.#engine.remote.plan(this.#owner, blob, wantedOf(checked)), signal));
  }

  /**
   * The picture as a small PNG, to show formats that the browser itself cannot.
   * @param {PictureSource} source
   * @param {object} [options]
   * @param {number} [options.longest] side in pixels
   * @param {AbortSignal} [options.signal]
   * @returns {Promise<{ blob: Blob, width: number, height: number }>}
   * @throws {SenmeiError} unsupported-format, corrupt-image, too-large, invalid-option, network, disposed, engine-failed
   * @throws {DOMException} AbortError
   */
  async preview(source, options = {}) {
    const { longest = 2048, signal } = checkedOptions(options);
    const { blob } = await this.#whileAlive(sourceFile(source, signal), signal);
    const answer = await this.#whileAlive(this.#engine.remote.preview(blob, longest), signal);
    const { data, ...size } = unwrap(answer);
    return { blob: new Blob([data], { type: 'image/png' }), ...size };
  }

  /**
   * Runs the network once in every worker, so that the first picture finds it compiled.
   * @throws {SenmeiError} disposed, engine-failed
   */
  async warmup() {
    unwrap(await this.#whileAlive(this.#engine.remote.warmUp(this.#owner)));
  }

  /**
   * What computes for this Upscaler, what else was tried, and what came of it.
   * @returns {Promise<EngineReport>}
   * @throws {SenmeiError} disposed, engine-failed
   */
  async engine() {
    return unwrap(await this.#whileAlive(this.#engine.remote.report(this.#owner)));
  }

  /** Stops the jobs of this Upscaler and frees its models; the last one ends the engine. Further calls do nothing. */
  async dispose() {
    if (this.#disposal.signal.aborted) return;
    this.#disposal.abort();
    // Cancelled jobs take their files along.
    await this.#engine.call(Promise.all(this.#running)).catch(() => undefined);
    await this.#engine.release(this.#owner);
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
