// One inference worker: one build of onnxruntime-web, with sessions of one kind, that runs the tiles it is sent one after
// the other. The page makes it and joins it to the engine worker.

import { holdForLife } from '../life-lock.js';
import { Lifeline } from '../lifeline.js';
import * as Comlink from '../vendor/comlink/comlink.mjs';
import { buffersOf } from './buffer-pool.js';
import { countFetches } from './counted-fetch.js';
import { namedError } from './named-error.js';
import { runtimeOf } from './runtime-builds.js';
import { sessionOptions } from './session-options.js';

/**
 * @typedef {import('./runtime-builds.js').Provider} Provider
 * @typedef {typeof import('../vendor/onnxruntime/ort.wasm.min.mjs')} Runtime
 * @typedef {import('../vendor/onnxruntime/ort.wasm.min.mjs').InferenceSession} Session
 *
 * @typedef {{ type: 'float32' | 'int64', dims: number[], data: Float32Array | BigInt64Array }} PlainTensor
 * @typedef {Record<string, PlainTensor>} PlainTensors
 * @typedef {{ outputs: PlainTensors, startedMs: number, endedMs: number, used: ArrayBuffer[] }} Run its times are those of the
 *   wall clock, the same in every worker; `used` is the memory of its feeds, which nobody needs any more
 */

const siteRoot = new URL('../', import.meta.url);

/** A run that fails because its device is gone fails a moment before the device says so. */
const LOSS_IS_TOLD_MS = 100;

export class Inference {
  #provider;
  #runtime;
  /** @type {Map<string, Session>} */
  #sessions = new Map();
  /** The runtime refuses to do two things at a time. @type {Promise<unknown>} */
  #last = Promise.resolve();
  /** A run that is asked of a lost device never ends. */
  #device = new Lifeline();
  /** @type {Promise<unknown> | null} */
  #deviceLost = null;

  /**
   * @param {Provider} provider
   * @param {number} threads of each session
   */
  constructor(provider, threads) {
    this.#provider = provider;
    this.#runtime = startRuntime(provider, threads);
    // Told by every call.
    this.#runtime.catch(() => undefined);
  }

  /**
   * Resolves when the worker can load models, and its death will be heard.
   * @param {string} name of the lock that it holds for life
   */
  async live(name) {
    await Promise.all([holdForLife(name), this.#runtime]);
  }

  /**
   * Loads a model under the name of its file.
   * @param {string} file
   * @param {Uint8Array} model
   * @param {import('./session-options.js').Weights | null} weights where the model holds none
   * @param {((path: string, bytes: number) => void | Promise<void>) | null} onBytes hears of the bytes of the runtime that
   *   arrive meanwhile, all before this resolves
   */
  async load(file, model, weights, onBytes) {
    await this.#inTurn(async (ort) => {
      /** @type {string | null} */
      let unreachable = null;
      const stopCounting = countFetches(onBytes, (sentence) => {
        unreachable = sentence;
      });
      try {
        this.#sessions.set(file, await ort.InferenceSession.create(model, sessionOptions(this.#provider, weights)));
      } catch (error) {
        throw unreachable ? namedError('Unreachable', unreachable) : error;
      } finally {
        await stopCounting();
        release(onBytes);
      }
      if (this.#provider === 'webgpu') await this.#watchDevice(ort);
    });
  }

  /**
   * @param {string} file
   * @param {PlainTensors} feeds
   * @returns {Promise<Run>}
   */
  async run(file, feeds) {
    const run = await this.#inTurn(async (ort) => {
      const session = this.#sessions.get(file);
      if (!session) throw new Error(`the model ${file} is not loaded`);
      const inputs = Object.fromEntries(
        Object.entries(feeds).map(([name, { type, data, dims }]) => [name, new ort.Tensor(type, data, dims)]),
      );
      const startedMs = now();
      const tensors = await session.run(inputs);
      /** @type {PlainTensors} */
      const outputs = {};
      for (const [name, tensor] of Object.entries(tensors)) {
        const { type, dims } = /** @type {PlainTensor} */ (/** @type {unknown} */ (tensor));
        outputs[name] = { type, dims: [...dims], data: /** @type {Float32Array} */ (await tensor.getData()) };
      }
      return { outputs, startedMs, endedMs: now(), used: buffersOf(feeds) };
    });
    return Comlink.transfer(run, [...buffersOf(run.outputs), ...run.used]);
  }

  /** @param {string} file */
  async unload(file) {
    await this.#inTurn(async () => {
      const session = this.#sessions.get(file);
      this.#sessions.delete(file);
      await session?.release();
    });
  }

  /**
   * @template T
   * @param {(ort: Runtime) => Promise<T>} work begins when what was asked before is done
   * @returns {Promise<T>}
   */
  #inTurn(work) {
    const done = this.#last.then(async () => {
      const ort = await this.#runtime;
      if (this.#device.reason) throw this.#device.reason;
      return this.#device.hold(this.#explained(work(ort)));
    });
    this.#last = done.catch(() => undefined);
    return done;
  }

  /**
   * @template T
   * @param {Promise<T>} work
   * @returns {Promise<T>}
   */
  async #explained(work) {
    try {
      return await work;
    } catch (error) {
      if (this.#deviceLost) await Promise.race([this.#deviceLost, delay(LOSS_IS_TOLD_MS)]);
      // A C++ exception that nothing caught is a bare number, which would lose its way through Python.
      throw error instanceof Error ? error : new Error(`exception ${error}`);
    }
  }

  /**
   * The runtime makes one device with its first session, keeps it, and does not say when it is lost.
   * @param {Runtime} ort
   */
  async #watchDevice(ort) {
    if (this.#deviceLost) return;
    const device = await ort.env.webgpu.device;
    this.#deviceLost = device.lost.then(({ message }) => {
      const reason = message ? ` (${message.replace(/\.$/, '')})` : '';
      this.#device.cut(namedError('DeviceLost', `The GPU device was lost${reason}.`));
    });
  }
}

/**
 * @param {Provider} provider
 * @param {number} threads
 * @returns {Promise<Runtime>}
 */
async function startRuntime(provider, threads) {
  const { script, loader } = runtimeOf(provider);
  // The script asks for its loader only with the first session.
  const [ort] = await Promise.all([imported(script), imported(loader)]);
  // Left alone, the runtime would take half the cores.
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = new URL('./', new URL(script, siteRoot)).href;
  ort.env.logLevel = 'error';
  return ort;
}

/** @param {string} path */
async function imported(path) {
  try {
    return await import(new URL(path, siteRoot).href);
  } catch (error) {
    throw namedError('Unreachable', `“${path}” cannot be fetched or run (${/** @type {Error} */ (error).message}).`);
  }
}

/** Milliseconds by a clock that all workers share. */
function now() {
  return performance.timeOrigin + performance.now();
}

/** @param {number} ms */
function delay(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** @param {Function | null} remote a function of another worker, which would hold its port open */
function release(remote) {
  /** @type {Comlink.Remote<Function> | null} */ (/** @type {unknown} */ (remote))?.[Comlink.releaseProxy]();
}

addEventListener(
  'message',
  ({ data: { provider, threads, port } }) => Comlink.expose(new Inference(provider, threads), port),
  { once: true },
);
