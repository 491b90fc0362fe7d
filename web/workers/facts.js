// What this browser and machine can do, as far as can be told without trying.

import { HAS_JSPI, RUNTIME_FOLDER } from './runtime-builds.js';

/**
 * @typedef {object} BrowserFacts
 * @property {number} cores
 * @property {number | null} memoryGb as far as the browser tells
 * @property {boolean} sharedMemory whether sessions can have threads
 * @property {boolean} webkit
 * @property {boolean} jspi
 * @property {string} browser
 * @property {string | null} remembered what the last visit left
 *
 * @typedef {{ identity: string, isFallback: boolean }} Gpu isFallback: the processor does its work
 */

/** So long may a browser think about its GPU; some never answer. */
const PATIENCE_MS = 1000;

/**
 * @param {string | null} remembered
 * @returns {BrowserFacts}
 */
export function browserFacts(remembered) {
  const { hardwareConcurrency, userAgent } = navigator;
  return {
    cores: hardwareConcurrency || 2,
    memoryGb: /** @type {{ deviceMemory?: number }} */ (navigator).deviceMemory ?? null,
    sharedMemory: canShareMemory(),
    webkit: /AppleWebKit/.test(userAgent) && !/Chrom(e|ium)\//.test(userAgent),
    jspi: HAS_JSPI,
    browser: userAgent,
    remembered,
  };
}

/**
 * Answers after a second at the latest.
 * @returns {Promise<Gpu | null>}
 */
export function gpuFacts() {
  return Promise.race([askForGpu(), nothingAfter(PATIENCE_MS)]);
}

/**
 * A text that is another one when onnxruntime-web is.
 * @param {Record<string, number>} sizes of the site's files
 */
export function runtimeIdentity(sizes) {
  const parts = Object.keys(sizes).filter((path) => path.startsWith(RUNTIME_FOLDER));
  return parts.map((path) => sizes[path]).join(' ');
}

/** WebKitGTK says that the page is isolated and has no shared memory all the same. */
function canShareMemory() {
  if (typeof SharedArrayBuffer === 'undefined') return false;
  try {
    const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    new MessageChannel().port1.postMessage(buffer);
    return buffer instanceof SharedArrayBuffer;
  } catch {
    return false;
  }
}

/** @returns {Promise<Gpu | null>} */
async function askForGpu() {
  try {
    // The runtime asks for the same one.
    const adapter = await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' });
    if (!adapter) return null;
    const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
    const identity = [vendor, architecture, device, description].filter(Boolean).join(' ');
    // Older browsers do not say so.
    return { identity, isFallback: isFallbackAdapter ?? false };
  } catch {
    return null;
  }
}

/**
 * @param {number} ms
 * @returns {Promise<null>}
 */
function nothingAfter(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms, null));
}
