// Are a caller's options of the right kinds? What values make sense, and which of them go together, is Python's to say.

import { SenmeiError } from './errors.js';

/**
 * @typedef {object} Wanted what a result is to be like
 * @property {number} [scale] 1 to 16; the model's own when left out and no width or height is given
 * @property {number} [width] of the result in pixels, instead of a scale; width or height alone keep the aspect
 * @property {number} [height]
 * @property {boolean} [stretch] with both: exactly this size, instead of the largest that fits inside
 * @property {number} [strength] 0 to 1: 1 is the network's result, 0 a plain bicubic one
 * @property {boolean} [tta] averages the eight turns and flips: eight times slower, slightly better
 * @property {boolean} [partial] takes what can be read of a damaged file
 * @property {'animation' | 'zip' | 'sheet' | number} [frames] what becomes of an animation: one file that moves, a ZIP of
 *   pictures, one picture of all, or the frame with this number, from 1 on, alone
 * @property {boolean} [merge] makes one frame of neighbours that show the same
 * @property {'auto' | 'png' | 'apng' | 'jpeg' | 'webp' | 'gif' | 'tiff'} [format] left out: PNG, and for an animation its own
 * @property {number} [quality] 1 to 100, of JPEG and of WebP that is not lossless
 * @property {'4:4:4' | '4:2:2' | '4:2:0'} [subsampling] of JPEG
 * @property {boolean} [lossless] of WebP
 * @property {8 | 16} [depth] bits a sample, of PNG and TIFF; the picture's own when left out
 * @property {'keep' | 'strip'} [metadata]
 * @property {'auto' | 'global' | 'local'} [palette] of GIF
 * @property {'none' | 'ordered' | 'diffused'} [dither] of GIF
 * @property {'file' | 'browser'} [delays] 'browser' writes delays below 20 ms as the 100 ms that browsers make of them
 */

/**
 * @typedef {object} Choice what computes; null leaves it to the engine, which takes the fastest that computes right
 * @property {'auto' | 'webgpu' | 'wasm'} provider
 * @property {number | null} threads of each session
 * @property {number | null} workers that compute at a time, each with a session of its own
 * @property {GraphWish} graph of the model
 *
 * @typedef {'auto' | Graph} GraphWish
 * @typedef {'direct' | 'winograd'} Graph how a network is computed: with its convolutions as they are, or as Winograd's, which
 *   take fewer multiplications
 */

const PROVIDERS = ['auto', 'webgpu', 'wasm'];
const GRAPHS = ['auto', 'direct', 'winograd'];

/** @type {Record<keyof Wanted, [accepted: string, isRight: (value: unknown) => boolean]>} */
const WANTED = {
  scale: ['a number from 1 to 16', Number.isFinite],
  width: ['a whole number of pixels', Number.isInteger],
  height: ['a whole number of pixels', Number.isInteger],
  stretch: ['true or false', isBoolean],
  strength: ['a number from 0 to 1', Number.isFinite],
  tta: ['true or false', isBoolean],
  partial: ['true or false', isBoolean],
  frames: ['“animation”, “zip”, “sheet” or the number of a frame', (value) => isText(value) || Number.isInteger(value)],
  merge: ['true or false', isBoolean],
  format: ['a text such as “png”', isText],
  quality: ['a whole number from 1 to 100', Number.isInteger],
  subsampling: ['a text such as “4:2:0”', isText],
  lossless: ['true or false', isBoolean],
  depth: ['8 or 16', Number.isInteger],
  metadata: ['“keep” or “strip”', isText],
  palette: ['“auto”, “global” or “local”', isText],
  dither: ['“none”, “ordered” or “diffused”', isText],
  delays: ['“file” or “browser”', isText],
};

/** @type {Record<string, [accepted: string, isRight: (value: unknown) => boolean]>} */
const OTHERS = {
  // Of the models the catalogue tells.
  model: ['the id of a model', () => true],
  provider: ['“auto”, “webgpu” or “wasm”', (value) => PROVIDERS.includes(/** @type {string} */ (value))],
  threads: ['a whole number, 1 or more', isCount],
  workers: ['a whole number, 1 or more', isCount],
  graph: ['“auto”, “direct” or “winograd”', (value) => GRAPHS.includes(/** @type {string} */ (value))],
  name: ['the text of a file name', isText],
  longest: ['a whole number of pixels, 1 or more', isCount],
  signal: ['an AbortSignal', (value) => value instanceof AbortSignal],
  endSignal: ['an AbortSignal', (value) => value instanceof AbortSignal],
  onProgress: ['a function', isFunction],
  onTile: ['a function', isFunction],
  onPlan: ['a function', isFunction],
  writeTo: ['a FileSystemFileHandle', isFileHandle],
};

/**
 * The options without those that are left out: undefined or null.
 * @template {object} T
 * @param {T} options
 * @returns {T}
 * @throws {SenmeiError} invalid-option
 */
export function checkedOptions(options) {
  if (typeof options !== 'object' || options === null) {
    throw new SenmeiError('invalid-option', `The options are an object, not ${shown(options)}.`);
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined && value !== null);
  for (const [name, value] of given) {
    const [accepted, isRight] =
      /** @type {Record<string, typeof OTHERS['name'] | undefined>} */ ({ ...WANTED, ...OTHERS })[name] ?? [];
    if (!isRight) throw new SenmeiError('invalid-option', `There is no option “${name}”.`);
    if (!isRight(value))
      throw new SenmeiError('invalid-option', `The option “${name}” is ${accepted}, not ${shown(value)}.`);
  }
  return /** @type {T} */ (Object.fromEntries(given));
}

/**
 * Of checked options those that Python takes.
 * @param {object} options
 * @returns {Wanted}
 */
export function wantedOf(options) {
  return Object.fromEntries(Object.entries(options).filter(([name]) => name in WANTED));
}

/**
 * Of checked options those that say what computes.
 * @param {{ provider?: Choice['provider'], threads?: number, workers?: number, graph?: GraphWish }} options
 * @returns {Choice}
 */
export function choiceOf({ provider = 'auto', threads, workers, graph = 'auto' }) {
  return { provider, threads: threads ?? null, workers: workers ?? null, graph };
}

/** @param {unknown} value */
function isBoolean(value) {
  return typeof value === 'boolean';
}

/** @param {unknown} value */
function isCount(value) {
  return Number.isInteger(value) && Number(value) >= 1;
}

/** @param {unknown} value */
function isText(value) {
  return typeof value === 'string';
}

/** @param {unknown} value */
function isFunction(value) {
  return typeof value === 'function';
}

/** @param {unknown} value */
function isFileHandle(value) {
  return typeof FileSystemFileHandle !== 'undefined' && value instanceof FileSystemFileHandle;
}

/** @param {unknown} value */
function shown(value) {
  if (typeof value === 'string') return `“${value.length > 40 ? `${value.slice(0, 40)}…` : value}”`;
  if (typeof value === 'object' && value !== null) return `a ${Object.prototype.toString.call(value).slice(8, -1)}`;
  return typeof value === 'function' ? 'a function' : String(value);
}
