// The engine worker: boots Pyodide, installs the senmei wheel from the site and hands every job to senmei.browser.
// It knows nothing of pictures; between Python and the inference workers it only passes tensors on.

import { SenmeiError } from '../errors.js';
import * as Comlink from '../vendor/comlink/comlink.mjs';
import { loadPyodide } from '../vendor/pyodide/pyodide.mjs';
import { decodeInBrowser } from './browser-decoder.js';
import { countFetches } from './counted-fetch.js';
import { LastCall } from './last-call.js';
import { Loading } from './loading.js';
import { ModelPool } from './model-pool.js';
import { openSink } from './output-sink.js';

/**
 * @typedef {typeof engine} RemoteEngine
 * @typedef {import('./loading.js').LoadingProgress} LoadingProgress
 * @typedef {{ stage: LoadingProgress['stage'] | 'decode' | 'infer' | 'encode', done: number, total: number, fraction: number,
 *   etaMs: number | null, frame?: number, frames?: number }} Progress
 * @typedef {{ x: number, y: number, width: number, height: number, pixels: Uint8Array<ArrayBuffer>, imageWidth: number, imageHeight: number,
 *   sourceWidth: number, sourceHeight: number, frame: number }} PlainTile
 * @typedef {{ format: string, width: number, height: number, depth: number, channels: number, frames: number, targetWidth: number,
 *   targetHeight: number, tiles: number, memoryBytes: number, outputBytes: number }} PlainPlan
 * @typedef {{ code: string, message: string }} PlainError
 * @typedef {{ name: string, width: number, height: number, format: string, depth: number, notes: string[], model: string, provider: string,
 *   frames: number, tiles: number, tilesRun: number }} PlainFacts
 * @typedef {PlainFacts & { blob: Blob, file: string | null }} PlainResult file: its name in the output folder, when it lies there
 *
 * @typedef {object} Job
 * @property {number} job names it to `cancel`
 * @property {number} owner the Upscaler
 * @property {string} model
 * @property {import('../options.js').Wanted} wanted
 * @property {Blob} picture
 * @property {string | null} name of the picture's file
 * @property {FileSystemFileHandle | string | null} output see openSink
 */
/**
 * @template T
 * @typedef {{ value?: T, error?: PlainError }} Answer one of both
 */
/**
 * What Python reaches of this worker during a job.
 * @typedef {(file: string) => Promise<string>} OpenModel
 * @typedef {object} Hands
 * @property {string | null} name of the picture's file
 * @property {() => Promise<Uint8Array>} read the picture
 * @property {OpenModel} openModel
 * @property {(chunk: Uint8Array<ArrayBuffer>, offset?: number) => Promise<void>} write with an offset in the place of what
 *   was written there before
 * @property {(progress: Progress) => void} onProgress
 * @property {((tile: PlainTile) => void) | null} onTile
 * @property {((plan: PlainPlan) => void) | null} onPlan
 */
/**
 * senmei.browser.Engine, as JavaScript sees it.
 * @typedef {object} PythonEngine
 * @property {(model: string, openModel: OpenModel) => Promise<Answer<null>>} prepare
 * @property {(model: string) => Promise<Answer<null>>} warm_up
 * @property {(model: string, data: Uint8Array, wanted: object) => Promise<Answer<PlainPlan>>} plan
 * @property {(data: Uint8Array, longest: number) => Promise<Answer<{ data: Uint8Array<ArrayBuffer>, width: number, height: number }>>} preview
 * @property {(job: number, model: string, wanted: object, hands: Hands) => Promise<Answer<PlainFacts>>} upscale
 * @property {(job: number) => void} cancel
 * @property {(job: number) => void} end_early
 * @property {(file: string) => void} forget
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

/** More than Python can hold as one array of bytes. */
const TOO_MANY_BYTES = 2 ** 31;

/** @type {ModelPool} */
let pool;
/** @type {Promise<PythonEngine>} */
let python;
/** @type {Promise<{ files: Record<string, number>, wheel: string, bytecode: string }>} */
let site;
/** The text of models/catalogue.json. @type {Promise<string>} */
let catalogue;

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
  const engine = browser.Engine(
    await catalogue,
    (/** @type {[number, string, import('./inference.js').PlainTensors]} */ ...run) => pool.run(...run),
    decodeInBrowser,
    pool.size,
  );
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
 * @param {Blob} picture
 * @returns {Promise<Uint8Array>}
 */
async function bytesOf(picture) {
  if (picture.size >= TOO_MANY_BYTES) {
    throw new SenmeiError(
      'too-large',
      `The file has ${(picture.size / 1e9).toFixed(1)} GB; less than 2.1 GB can be read.`,
    );
  }
  try {
    return new Uint8Array(await picture.arrayBuffer());
  } catch (error) {
    throw new SenmeiError('corrupt-image', `The file cannot be read: ${/** @type {Error} */ (error).message}`);
  }
}

/**
 * @template T
 * @param {() => Promise<Answer<T>>} work
 * @returns {Promise<Answer<T>>}
 */
async function answered(work) {
  try {
    const answer = await work();
    // What Python knows of a model that did not come is less than what the fetch told.
    const isLost = answer.error?.code === 'model-unavailable' && fetchFailure !== undefined;
    return isLost ? { error: { code: 'network', message: /** @type {string} */ (fetchFailure) } } : answer;
  } catch (error) {
    return { error: explain(error) };
  } finally {
    fetchFailure = undefined;
  }
}

/**
 * A foreseen failure, the engine's own, or the lost connection that Pyodide's, micropip's and the runtime's errors hide.
 * @param {unknown} error
 * @returns {PlainError}
 */
function explain(error) {
  if (error instanceof SenmeiError) return { code: error.code, message: error.message };
  if (fetchFailure) return { code: 'network', message: fetchFailure };
  console.error(error);
  // Of a Python traceback the last line says what went wrong.
  const reason = String(error).trim().split('\n').at(-1);
  return { code: 'engine-failed', message: `The engine failed (${reason}).` };
}

/** @param {string} format of a result */
function mediaType(format) {
  return format === 'zip' ? 'application/zip' : `image/${format}`;
}

export const engine = {
  /**
   * Starts everything, and resolves when Python is there, or has failed to come: that is for `prepare` to tell.
   * @param {MessagePort[]} ports one to each inference worker; only the first one's worker need be there yet
   */
  async boot(ports) {
    site = fetchFile('site.json').then((response) => response.json());
    catalogue = fetchFile('models/catalogue.json').then((response) => response.text());
    pool = new ModelPool(ports, {
      download,
      step: (work) => loading.step(work),
      // All workers fetch the same runtime; the first one's bytes are shown for all.
      onRuntimeBytes: (path, bytes) => loading.receive(path, bytes),
      others: () => python,
    });
    python = startPython();
    await python.catch(() => undefined);
  },

  /**
   * Resolves when the session of `model` is ready.
   * @param {number} owner the Upscaler that holds it from now on
   * @param {string} model
   * @param {(progress: LoadingProgress) => void} onProgress
   * @returns {Promise<Answer<null>>}
   */
  async prepare(owner, model, onProgress) {
    const reports = new LastCall(onProgress);
    const stopWatching = loading.watch((progress) => reports.send(progress));
    pool.join(owner);
    try {
      return await answered(async () => {
        const file = await fileOf(model);
        // Begun before Python is there, so that both load side by side; an unknown model is Python's to refuse.
        if (file) pool.open(file, owner).catch(() => undefined);
        return (await python).prepare(model, (name) => pool.open(name, owner));
      });
    } finally {
      stopWatching();
      await reports.end();
    }
  },

  /** @param {string} model */
  async warmUp(model) {
    return await (await python).warm_up(model);
  },

  /**
   * What a job will make and take, from the picture's header.
   * @param {string} model
   * @param {Blob} picture
   * @param {import('../options.js').Wanted} wanted
   * @returns {Promise<Answer<PlainPlan>>}
   */
  async plan(model, picture, wanted) {
    return answered(async () => (await python).plan(model, await bytesOf(picture), wanted));
  },

  /**
   * @param {Blob} picture
   * @param {number} longest side of the answer's PNG
   * @returns {Promise<Answer<{ data: Uint8Array<ArrayBuffer>, width: number, height: number }>>}
   */
  async preview(picture, longest) {
    const answer = await answered(async () => (await python).preview(await bytesOf(picture), longest));
    return answer.value ? Comlink.transfer(answer, [answer.value.data.buffer]) : answer;
  },

  /**
   * @param {Job} job
   * @param {(progress: Progress) => void} onProgress
   * @param {((tile: PlainTile) => void) | null} onTile
   * @param {((plan: PlainPlan) => void) | null} onPlan
   * @returns {Promise<Answer<PlainResult>>}
   */
  async upscale({ job, owner, model, wanted, picture, name, output }, onProgress, onTile, onPlan) {
    const reports = new LastCall(onProgress);
    const tiles = onTile && new LastCall(onTile);
    const plans = onPlan && new LastCall(onPlan);
    const opened = openSink(output, String(job));
    let lastFraction = 0;
    let isKept = false;
    /** @type {Hands} */
    const hands = {
      name,
      read: async () => {
        // A file that cannot be written is told before any work is done for it.
        await opened;
        return bytesOf(picture);
      },
      // The models of further passes come when a job needs them; its own fraction stands still meanwhile.
      openModel: async (file) => {
        const stop = loading.watch((loaded) => reports.send({ ...loaded, fraction: lastFraction, etaMs: null }));
        return pool.open(file, owner).finally(stop);
      },
      write: async (chunk, offset) => {
        const sink = await opened;
        await (offset === undefined ? sink.write(chunk) : sink.patch(chunk, offset));
      },
      onProgress: (progress) => {
        lastFraction = progress.fraction;
        reports.send({ ...progress, etaMs: progress.etaMs ?? null });
      },
      onTile: tiles && ((tile) => tiles.send(Comlink.transfer(tile, [tile.pixels.buffer]))),
      onPlan: plans && ((plan) => plans.send(plan)),
    };
    try {
      return await answered(async () => {
        const { value, error } = await (await python).upscale(job, model, wanted, hands);
        if (!value) return { error };
        const file = await (await opened).finish(mediaType(value.format));
        isKept = true;
        return { value: { ...value, ...file } };
      });
    } finally {
      if (!isKept) {
        await opened.then(
          (sink) => sink.discard(),
          () => undefined,
        );
      }
      await Promise.all([reports.end(), tiles?.end(), plans?.end()]);
    }
  },

  /**
   * A job that has ended already is left in peace.
   * @param {number} job
   */
  async cancel(job) {
    (await python).cancel(job);
  },

  /**
   * Ends an animation with the frames that are done.
   * @param {number} job
   */
  async endEarly(job) {
    (await python).end_early(job);
  },

  /**
   * Frees the models that `owner` alone held.
   * @param {number} owner
   */
  async release(owner) {
    const { forget } = await python;
    await pool.leave(owner, (file) => forget(file));
  },
};

Comlink.expose(engine);
