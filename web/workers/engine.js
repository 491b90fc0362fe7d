// The engine worker: boots Pyodide, installs the senmei wheel from the site and hands every job to senmei.browser.
// It knows nothing of pictures; between Python and the inference workers it only passes tensors on.

import * as Comlink from '../vendor/comlink/comlink.mjs';
import { loadPyodide } from '../vendor/pyodide/pyodide.mjs';
import { countFetches } from './counted-fetch.js';
import { Loading } from './loading.js';

/**
 * @typedef {typeof engine} RemoteEngine
 * @typedef {typeof import('./inference.js').inference} Inference
 * @typedef {import('./inference.js').PlainTensors} PlainTensors
 * @typedef {import('./loading.js').LoadingProgress} LoadingProgress
 * @typedef {{ stage: 'decode' | 'infer' | 'encode', done: number, total: number, fraction: number, etaMs: number | null }} Progress
 * @typedef {{ x: number, y: number, width: number, height: number, pixels: Uint8Array<ArrayBuffer>, imageWidth: number, imageHeight: number,
 *   sourceWidth: number, sourceHeight: number }} PlainTile
 * @typedef {{ code: string, message: string }} PlainError
 * @typedef {{ data: Uint8Array<ArrayBuffer>, width: number, height: number, model: string, provider: string }} PlainResult
 */
/**
 * @template T
 * @typedef {{ value?: T, error?: PlainError }} Answer one of both
 */
/**
 * senmei.browser.Engine, as JavaScript sees it.
 * @typedef {object} PythonEngine
 * @property {(model: string, scale: number | null) => Promise<Answer<string[]>>} prepare
 * @property {(model: string) => Promise<Answer<null>>} warm_up
 * @property {(job: number, data: Uint8Array, options: object, onProgress: Function, onTile?: Function) => Promise<Answer<PlainResult>>} upscale
 * @property {(job: number) => void} cancel
 * @property {(model: string) => void} forget
 */

const PYODIDE = 'vendor/pyodide/';
const RUNTIME = 'vendor/onnxruntime/ort-wasm-simd-threaded.wasm';

const siteRoot = new URL('../', import.meta.url);
const loading = new Loading();
/** The sentence of the last fetch that failed. @type {string | undefined} */
let fetchFailure;
countFetches(
  (path, bytes) => loading.receive(path, bytes),
  (url, status) => {
    const path = url.startsWith(siteRoot.href) ? url.slice(siteRoot.href.length) : url;
    const reason = status === null ? 'the connection failed' : `the server answered ${status}`;
    fetchFailure = `“${path}” cannot be fetched; ${reason}.`;
  },
);

/** @type {Comlink.Remote<Inference>[]} */
let pool = [];
/** @type {Promise<PythonEngine>} */
let python;
/** @type {Promise<{ files: Record<string, number>, wheel: string, bytecode: string }>} */
let site;
/** The text of models/catalogue.json. @type {Promise<string>} */
let catalogue;
/** Each model's file, and for every worker the promise that it holds it. @type {Map<string, Promise<string>[]>} */
const models = new Map();

/**
 * @param {string} path relative to the site
 * @returns {Promise<Response>}
 */
async function fetchFile(path) {
  const response = await fetch(new URL(path, siteRoot));
  if (!response.ok) throw new Error(`“${path}” answered ${response.status}`);
  return response;
}

async function startPython() {
  const { files, wheel, bytecode } = await site;
  const parts = Object.entries(files).filter(([path]) => path.startsWith(PYODIDE) && !/\.m?js$/.test(path));
  loading.expect({ ...Object.fromEntries(parts), [wheel]: files[wheel], [bytecode]: files[bytecode] });
  const compiled = fetchFile(bytecode).then((response) => response.arrayBuffer());
  // Pyodide fails first when both do.
  compiled.catch(() => undefined);
  const pyodide = await loading.step(
    loadPyodide({ indexURL: new URL(PYODIDE, siteRoot).href, packages: ['numpy', 'pillow', 'micropip'] }),
  );
  // What importing compiles, compiled at set-up; without it Python would take a tenth longer to start.
  pyodide.unpackArchive(await compiled, 'zip', { extractDir: '/' });
  const micropip = pyodide.pyimport('micropip');
  // Its needs are loaded already; looking them up would ask a package index.
  await loading.step(micropip.install.callKwargs(new URL(wheel, siteRoot).href, { deps: false }));
  micropip.destroy();
  const browser = pyodide.pyimport('senmei.browser');
  /** @type {PythonEngine} */
  const engine = browser.Engine(await catalogue, openModel, runInWorker, pool.length);
  browser.destroy();
  return engine;
}

/**
 * @param {string} model
 * @returns {Promise<string | undefined>}
 */
async function fileOf(model) {
  /** @type {{ models: { id: string, file: string }[] }} */
  const { models } = JSON.parse(await catalogue);
  return models.find((card) => card.id === model)?.file;
}

/**
 * Downloads a model once and has every worker of the pool load it.
 * @param {string} file in models/
 * @returns {Promise<string>} the execution provider, as soon as the first worker holds the model
 */
function openModel(file) {
  let holders = models.get(file);
  if (!holders) {
    const model = download(file);
    const first = loading.step(model.then((bytes) => pool[0].load(file, bytes, Comlink.proxy(countRuntime))));
    // While Python starts, a runtime that is compiled in every worker would take the cores from it; tiles wait for their worker.
    const others = pool.slice(1).map(async (worker) => {
      await Promise.all([first, python]);
      return worker.load(file, await model, null);
    });
    holders = [first, ...others];
    models.set(file, holders);
    // A model that failed to load may be asked for again.
    first.catch(() => models.delete(file));
    // Whoever runs a tile in a worker hears of its failure; it may be nobody.
    for (const other of others) other.catch(() => undefined);
  }
  return holders[0];
}

/**
 * @param {string} file in models/
 * @returns {Promise<Uint8Array>}
 */
async function download(file) {
  const path = `models/${file}`;
  const { files } = await site;
  loading.expect({ [path]: files[path], [RUNTIME]: files[RUNTIME] });
  const model = new Uint8Array(await (await fetchFile(path)).arrayBuffer());
  if (model.length !== files[path]) {
    fetchFailure = `“${path}” came with ${model.length} instead of ${files[path]} bytes.`;
    throw new Error(fetchFailure);
  }
  return model;
}

/**
 * The workers fetch the same runtime; the first one's bytes are shown for all.
 * @param {string} path
 * @param {number} bytes
 */
function countRuntime(path, bytes) {
  loading.receive(path, bytes);
}

/**
 * @param {number} worker index in the pool
 * @param {string} file
 * @param {PlainTensors} feeds
 * @returns {Promise<PlainTensors>}
 */
async function runInWorker(worker, file, feeds) {
  await models.get(file)?.[worker];
  const buffers = Object.values(feeds).map((tensor) => tensor.data.buffer);
  return pool[worker].run(file, Comlink.transfer(feeds, buffers));
}

/**
 * The engine's own failure, or the lost connection that Pyodide's, micropip's and the runtime's errors hide.
 * @param {unknown} error
 * @returns {PlainError}
 */
function explain(error) {
  if (fetchFailure) return { code: 'network', message: fetchFailure };
  console.error(error);
  // Of a Python traceback the last line says what went wrong.
  const reason = String(error).trim().split('\n').at(-1);
  return { code: 'engine-failed', message: `The engine could not start (${reason}).` };
}

export const engine = {
  /**
   * Starts everything, and resolves when Python is there, or has failed to come: that is for `prepare` to tell.
   * @param {MessagePort[]} ports one to each inference worker; only the first one's worker need be there yet
   */
  async boot(ports) {
    pool = ports.map((port) => Comlink.wrap(port));
    site = fetchFile('site.json').then((response) => response.json());
    catalogue = fetchFile('models/catalogue.json').then((response) => response.text());
    python = startPython();
    await python.catch(() => undefined);
  },

  /**
   * Resolves when every session that `model` needs for `scale` is ready.
   * @param {string} model
   * @param {number | null} scale
   * @param {(progress: LoadingProgress) => void} onProgress
   * @returns {Promise<Answer<string[]>>} the models' ids
   */
  async prepare(model, scale, onProgress) {
    const reports = new LastCall(onProgress);
    const stopWatching = loading.watch((progress) => reports.send(progress));
    try {
      const file = await fileOf(model);
      // Begun before Python is there, so that both load side by side; an unknown model is Python's to refuse.
      if (file) openModel(file).catch(() => undefined);
      const answer = await (await python).prepare(model, scale);
      return answer.error && fetchFailure ? { error: explain(answer.error) } : answer;
    } catch (error) {
      return { error: explain(error) };
    } finally {
      fetchFailure = undefined;
      stopWatching();
      await reports.end();
    }
  },

  /** @param {string} model */
  async warmUp(model) {
    return await (await python).warm_up(model);
  },

  /**
   * @param {number} job
   * @param {Uint8Array} data
   * @param {{ model: string, scale?: number, format: string }} options
   * @param {(progress: Progress) => void} onProgress
   * @param {((tile: PlainTile) => void) | null} onTile
   * @returns {Promise<Answer<PlainResult>>}
   */
  async upscale(job, data, options, onProgress, onTile) {
    const reports = new LastCall(onProgress);
    const tiles = onTile && new LastCall(onTile);
    const answer = await (await python).upscale(
      job,
      data,
      options,
      (
        /** @type {Progress['stage']} */ stage,
        /** @type {number} */ done,
        /** @type {number} */ total,
        /** @type {number} */ fraction,
        /** @type {number | undefined} */ etaMs,
      ) => reports.send({ stage, done, total, fraction, etaMs: etaMs ?? null }),
      tiles ? (/** @type {PlainTile} */ tile) => tiles.send(Comlink.transfer(tile, [tile.pixels.buffer])) : undefined,
    );
    await Promise.all([reports.end(), tiles?.end()]);
    return answer.value ? Comlink.transfer(answer, [answer.value.data.buffer]) : answer;
  },

  /** @param {number} job */
  async cancel(job) {
    (await python).cancel(job);
  },

  /** @param {string} model */
  async release(model) {
    const file = await fileOf(model);
    (await python).forget(model);
    const holders = file && models.get(file);
    if (!holders) return;
    models.delete(file);
    // One that still loads would load it after it was released.
    await Promise.allSettled(holders);
    await Promise.all(pool.map((worker) => worker.release(file)));
  },
};

/**
 * Calls a function of the page, which travels on a port of its own. An answer could overtake the last calls, so it waits for `end`.
 * @template T
 */
class LastCall {
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

Comlink.expose(engine);
