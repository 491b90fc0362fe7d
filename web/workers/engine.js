// The engine worker: boots Pyodide, installs the senmei wheel from the site and hands every job to senmei.browser.
// It knows nothing of pictures, and decides nothing about the inference workers.

import { SenmeiError } from '../errors.js';
import { holdForLife } from '../life-lock.js';
import * as Comlink from '../vendor/comlink/comlink.mjs';
import { loadPyodide } from '../vendor/pyodide/pyodide.mjs';
import { decodeInBrowser } from './browser-decoder.js';
import { browserFacts, gpuFacts, runtimeIdentity } from './facts.js';
import { Fleet } from './fleet.js';
import { likelyRung } from './head-start.js';
import { LastCall } from './last-call.js';
import { openSink } from './output-sink.js';
import { withNulls } from './plain-values.js';
import { filesOf } from './session-options.js';
import { SiteFiles, siteRoot } from './site-files.js';

/**
 * @typedef {typeof engine} RemoteEngine
 * @typedef {import('./loading.js').LoadingProgress} LoadingProgress
 * @typedef {import('./runtime-builds.js').Provider} Provider
 * @typedef {import('../options.js').Choice} Choice
 * @typedef {{ stage: LoadingProgress['stage'] | 'decode' | 'infer' | 'encode', done: number, total: number, fraction: number,
 *   etaMs: number | null, frame?: number, frames?: number }} Progress
 * @typedef {{ x: number, y: number, width: number, height: number, pixels: Uint8Array<ArrayBuffer>, imageWidth: number, imageHeight: number,
 *   sourceWidth: number, sourceHeight: number, frame: number }} PlainTile
 * @typedef {{ format: string, width: number, height: number, depth: number, channels: number, frames: number, targetWidth: number,
 *   targetHeight: number, tiles: number, memoryBytes: number, outputBytes: number, estimateMs: number | null }} PlainPlan
 * @typedef {{ code: string, message: string }} PlainError
 * @typedef {{ name: string, width: number, height: number, format: string, depth: number, notes: string[], model: string,
 *   provider: 'webgpu' | 'wasm' | 'none', workers: number, threads: number, graph: import('../options.js').Graph | 'none',
 *   frames: number, tiles: number, tilesRun: number }} PlainFacts
 * @typedef {PlainFacts & { blob: Blob, file: string | null }} PlainResult file: its name in the output folder, when it lies there
 *
 * @typedef {object} Rung a way of computing
 * @property {Provider} provider
 * @property {number} threads of each session
 * @property {number} workers
 * @property {import('../options.js').Graph} graph of the model that they run
 * @property {'chosen' | 'right' | 'slower' | 'dropped' | 'untested' | 'testing'} state
 * @property {string | null} reason a sentence: why it was dropped
 * @property {number | null} differs how far its pixels are from the right ones at most, in levels of 255
 * @property {number | null} megapixelMs for a million pixels of a picture, all workers together
 *
 * @typedef {object} EngineReport what computes, and why
 * @property {number} cores of the processor
 * @property {number | null} memoryGb as far as the browser tells
 * @property {boolean} sharedMemory whether sessions can have threads
 * @property {string | null} gpu its name, as far as the browser tells
 * @property {Provider} provider
 * @property {number} workers
 * @property {number} threads
 * @property {import('../options.js').Graph} graph of the model that computes
 * @property {number | null} gain how many times as fast the Winograd graph is; null until compared, or where there is none
 * @property {Rung[]} rungs
 * @property {number | null} idleShare of the workers' time between the tiles of the last job, 0 to 1
 * @property {string[]} troubles sentences: what went wrong and was mended
 *
 * @typedef {object} Job
 * @property {number} job names it to `cancel`
 * @property {number} owner the Upscaler
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
 * @typedef {object} Hands
 * @property {string | null} name of the picture's file
 * @property {() => Promise<Uint8Array>} read the picture
 * @property {(chunk: Uint8Array<ArrayBuffer>, offset?: number) => Promise<void>} write with an offset in the place of what
 *   was written there before
 * @property {(progress: Progress) => void} onProgress
 * @property {(isLoading: boolean) => void} showLoading whether the job waits for models and sessions
 * @property {((tile: PlainTile) => void) | null} onTile
 * @property {((plan: PlainPlan) => void) | null} onPlan
 */
/**
 * senmei.browser.Engine, as JavaScript sees it. Everything of an owner comes after its `prepare` was called.
 * @typedef {object} PythonEngine
 * @property {(owner: number, model: string, choice: Choice) => Promise<Answer<null>>} prepare
 * @property {(owner: number) => Promise<Answer<null>>} warm_up
 * @property {(owner: number, data: Uint8Array, wanted: object) => Promise<Answer<PlainPlan>>} plan
 * @property {(data: Uint8Array, longest: number) => Promise<Answer<{ data: Uint8Array<ArrayBuffer>, width: number, height: number }>>} preview
 * @property {(job: number, owner: number, wanted: object, hands: Hands) => Promise<Answer<PlainFacts>>} upscale
 * @property {(owner: number) => Promise<Answer<EngineReport>>} engine_report
 * @property {(owner: number) => Promise<Answer<null>>} release
 * @property {(job: number) => void} cancel
 * @property {(job: number) => void} end_early
 */

const PYODIDE = 'vendor/pyodide/';

/** Where Pyodide's Python looks for packages. */
const PACKAGES = '/lib/python3.12/site-packages';

const files = new SiteFiles();
const { loading } = files;

/** More than Python can hold as one array of bytes. */
const TOO_MANY_BYTES = 2 ** 31;

/** @type {Fleet} */
let fleet;
/** @type {import('./facts.js').BrowserFacts} */
let facts;
/** @type {Promise<import('./facts.js').Gpu | null>} */
let gpu;
/** @type {Promise<PythonEngine>} */
let python;
let isPythonThere = false;
/** The text of models/catalogue.json. @type {Promise<string>} */
let catalogue;

async function startPython() {
  const { files: sizes, wheel, bytecode } = await files.list;
  const parts = Object.entries(sizes).filter(([path]) => path.startsWith(PYODIDE) && !/\.m?js$/.test(path));
  loading.expect({ ...Object.fromEntries(parts), [wheel]: sizes[wheel], [bytecode]: sizes[bytecode] });
  const own = Promise.all([wheel, bytecode].map(async (path) => (await files.fetch(path)).arrayBuffer()));
  // Pyodide fails first when both do.
  own.catch(() => undefined);
  const pyodide = await loading.step(
    loadPyodide({ indexURL: new URL(PYODIDE, siteRoot).href, packages: ['numpy', 'pillow'] }),
  );
  const [packed, compiled] = await loading.step(own);
  // A pure wheel whose needs are loaded already: micropip would load itself to find that out.
  pyodide.unpackArchive(packed, 'wheel', { extractDir: PACKAGES });
  // What importing compiles, compiled at set-up; without it Python would take a tenth longer to start.
  pyodide.unpackArchive(compiled, 'zip', { extractDir: '/' });
  const browser = pyodide.pyimport('senmei.browser');
  /** @type {PythonEngine} */
  const engine = browser.Engine(await catalogue, fleet, decodeInBrowser, {
    ...facts,
    gpu: await gpu,
    runtime: runtimeIdentity(sizes),
  });
  browser.destroy();
  isPythonThere = true;
  return engine;
}

/**
 * Begins to load what a model will be run with first, so that it is there when Python is. An unknown model is Python's to
 * refuse.
 * @param {string} model
 * @param {Choice} choice
 */
async function preload(model, choice) {
  /** @type {{ models: (import('./session-options.js').Card & { id: string })[] }} */
  const { models } = JSON.parse(await catalogue);
  const card = models.find(({ id }) => id === model);
  if (!card) return;
  const { provider, threads, graph } = await likelyRung(card, choice, facts, gpu);
  await fleet.preload(provider, threads, ...filesOf(card, graph));
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
  // What failed before is of another work, unless Python could not start for it.
  const before = isPythonThere ? files.failures : 0;
  const failure = () => (files.failures > before ? files.failure : undefined);
  try {
    const answer = await work();
    // What Python knows of a model that did not come is less than what the fetch told.
    const lost = answer.error?.code === 'model-unavailable' && failure();
    return lost ? { error: { code: 'network', message: lost } } : answer;
  } catch (error) {
    return { error: explain(error, failure()) };
  }
}

/**
 * A foreseen failure, the engine's own, or the lost connection that Pyodide's and the runtime's errors hide.
 * @param {unknown} error
 * @param {string | undefined} failure of a fetch
 * @returns {PlainError}
 */
function explain(error, failure) {
  if (error instanceof SenmeiError) return { code: error.code, message: error.message };
  if (failure) return { code: 'network', message: failure };
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
   * @param {import('./fleet.js').Host} host the page
   * @param {{ name: string, port: MessagePort }} first inference worker, one-threaded, that the page has made
   * @param {string | null} remembered what the last visit left
   */
  async boot(host, first, remembered) {
    catalogue = files.fetch('models/catalogue.json').then((response) => response.text());
    facts = browserFacts(remembered);
    gpu = gpuFacts();
    fleet = new Fleet(host, files);
    fleet.adopt(first.name, 'wasm', 1, first.port);
    python = startPython();
    await python.catch(() => undefined);
  },

  /**
   * Resolves when the page will hear of this worker's death.
   * @param {string} name of the lock that it holds for life
   */
  live: holdForLife,

  /**
   * The page tells of an inference worker that has stopped.
   * @param {string} name
   * @param {import('./named-error.js').ErrorName} kind
   * @param {string} message
   */
  lost(name, kind, message) {
    fleet.lost(name, kind, message);
  },

  /**
   * Resolves when `model` can be run.
   * @param {number} owner the Upscaler that holds it from now on
   * @param {string} model
   * @param {Choice} choice
   * @param {(progress: LoadingProgress) => void} onProgress
   * @returns {Promise<Answer<null>>}
   */
  async prepare(owner, model, choice, onProgress) {
    const reports = new LastCall(onProgress);
    const stopWatching = loading.watch((progress) => reports.send(progress));
    try {
      return await answered(async () => {
        if (!isPythonThere) preload(model, choice).catch(() => undefined);
        return (await python).prepare(owner, model, choice);
      });
    } finally {
      stopWatching();
      await reports.end();
    }
  },

  /** @param {number} owner */
  async warmUp(owner) {
    return answered(async () => (await python).warm_up(owner));
  },

  /**
   * @param {number} owner
   * @returns {Promise<Answer<EngineReport>>}
   */
  async report(owner) {
    return answered(async () => {
      const { value, error } = await (await python).engine_report(owner);
      return value ? { value: { ...withNulls(value), rungs: value.rungs.map(withNulls) } } : { error };
    });
  },

  /**
   * What a job will make and take, from the picture's header.
   * @param {number} owner
   * @param {Blob} picture
   * @param {import('../options.js').Wanted} wanted
   * @returns {Promise<Answer<PlainPlan>>}
   */
  async plan(owner, picture, wanted) {
    return answered(async () => {
      const { value, error } = await (await python).plan(owner, await bytesOf(picture), wanted);
      return value ? { value: withNulls(value) } : { error };
    });
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
  async upscale({ job, owner, wanted, picture, name, output }, onProgress, onTile, onPlan) {
    const reports = new LastCall(onProgress);
    const tiles = onTile && new LastCall(onTile);
    const plans = onPlan && new LastCall(onPlan);
    const opened = openSink(output, String(job));
    let lastFraction = 0;
    let isKept = false;
    let hideLoading = () => {};
    /** @type {Hands} */
    const hands = {
      name,
      read: async () => {
        // A file that cannot be written is told before any work is done for it.
        await opened;
        return bytesOf(picture);
      },
      write: async (chunk, offset) => {
        const sink = await opened;
        await (offset === undefined ? sink.write(chunk) : sink.patch(chunk, offset));
      },
      onProgress: (progress) => {
        lastFraction = progress.fraction;
        reports.send({ ...progress, etaMs: progress.etaMs ?? null });
      },
      // The job's own fraction stands still meanwhile.
      showLoading: (isLoading) => {
        hideLoading();
        const tell = (/** @type {LoadingProgress} */ loaded) =>
          reports.send({ ...loaded, fraction: lastFraction, etaMs: null });
        hideLoading = isLoading ? loading.watch(tell) : () => {};
      },
      onTile: tiles && ((tile) => tiles.send(Comlink.transfer(tile, [tile.pixels.buffer]))),
      onPlan: plans && ((plan) => plans.send(withNulls(plan))),
    };
    try {
      return await answered(async () => {
        const { value, error } = await (await python).upscale(job, owner, wanted, hands);
        if (!value) return { error };
        const file = await (await opened).finish(mediaType(value.format));
        isKept = true;
        return { value: { ...value, ...file } };
      });
    } finally {
      hideLoading();
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
    await (await python).release(owner);
  },
};

Comlink.expose(engine);
