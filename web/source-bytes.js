// Whatever a caller has of a picture → the bytes of a file.

import { abortError, SenmeiError } from './errors.js';

/**
 * @typedef {Blob | ArrayBuffer | ArrayBufferView | URL | string | ImageBitmap | HTMLImageElement | HTMLCanvasElement | OffscreenCanvas} PictureSource
 */

/**
 * A file's own bytes wherever there is a file, so that nothing is lost; bitmaps and canvases have only pixels and become a PNG.
 * @param {PictureSource} source
 * @param {AbortSignal} [signal] ends a fetch
 * @returns {Promise<Uint8Array<ArrayBuffer>>} the caller's own memory is copied, never taken
 */
export async function sourceBytes(source, signal) {
  if (source instanceof Blob) return readBlob(source);
  if (source instanceof ArrayBuffer) return new Uint8Array(source.slice(0));
  if (ArrayBuffer.isView(source)) {
    return new Uint8Array(source.buffer, source.byteOffset, source.byteLength).slice();
  }
  if (typeof source === 'string' || source instanceof URL) return fetchBytes(String(source), signal);
  if (source instanceof HTMLImageElement) return fetchBytes(source.currentSrc || source.src, signal);
  if (source instanceof ImageBitmap) return bitmapBytes(source);
  if (source instanceof HTMLCanvasElement || source instanceof OffscreenCanvas) return canvasBytes(source);
  throw new SenmeiError(
    'invalid-option',
    `A ${describe(source)} is no picture source; a Blob, File, ArrayBuffer, URL, ImageBitmap, HTMLImageElement or canvas is.`,
  );
}

/** @param {Blob} blob */
async function readBlob(blob) {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (error) {
    throw new SenmeiError('corrupt-image', `The file cannot be read: ${/** @type {Error} */ (error).message}`);
  }
}

/**
 * @param {string} url
 * @param {AbortSignal} [signal]
 */
async function fetchBytes(url, signal) {
  if (!url) throw new SenmeiError('invalid-option', 'The image element has no picture yet.');
  const shown = url.length > 100 ? `${url.slice(0, 100)}…` : url;
  let response;
  try {
    response = await fetch(url, { signal });
  } catch {
    if (signal?.aborted) throw abortError();
    throw new SenmeiError('network', `“${shown}” cannot be fetched; is it there, and does its server allow it (CORS)?`);
  }
  if (!response.ok)
    throw new SenmeiError('network', `“${shown}” cannot be fetched; the server answered ${response.status}.`);
  return new Uint8Array(await response.arrayBuffer());
}

/** @param {ImageBitmap} bitmap */
async function bitmapBytes(bitmap) {
  if (!bitmap.width || !bitmap.height) throw new SenmeiError('invalid-option', 'The ImageBitmap is closed or empty.');
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext('2d'));
  context.drawImage(bitmap, 0, 0);
  return canvasBytes(canvas);
}

/** @param {HTMLCanvasElement | OffscreenCanvas} canvas */
async function canvasBytes(canvas) {
  if (!canvas.width || !canvas.height) throw new SenmeiError('invalid-option', 'The canvas is empty.');
  /** @type {Blob | null} */
  let blob;
  try {
    blob = await (canvas instanceof OffscreenCanvas
      ? canvas.convertToBlob({ type: 'image/png' })
      : new Promise((resolve) => canvas.toBlob(resolve, 'image/png')));
  } catch (error) {
    throw new SenmeiError('invalid-option', `The canvas cannot be read: ${/** @type {Error} */ (error).message}`);
  }
  if (!blob)
    throw new SenmeiError(
      'too-large',
      `The browser cannot read a canvas of ${canvas.width} × ${canvas.height} pixels.`,
    );
  return readBlob(blob);
}

/** @param {unknown} value */
function describe(value) {
  return Object.prototype.toString.call(value).slice(8, -1);
}
