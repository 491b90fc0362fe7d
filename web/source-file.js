// Whatever a caller has of a picture → a file, and its name.

import { abortError, SenmeiError } from './errors.js';

/**
 * @typedef {Blob | ArrayBuffer | ArrayBufferView | URL | string | ImageBitmap | HTMLImageElement | HTMLCanvasElement | OffscreenCanvas} PictureSource
 * @typedef {{ blob: Blob, name: string | null }} SourceFile
 */

/**
 * A file's own bytes wherever there is a file, so that nothing is lost; bitmaps and canvases have only pixels and become a PNG.
 * @param {PictureSource} source
 * @param {AbortSignal} [signal] ends a fetch
 * @returns {Promise<SourceFile>} the caller's own memory is copied, never taken
 */
export async function sourceFile(source, signal) {
  if (source instanceof Blob) return { blob: source, name: source instanceof File ? source.name : null };
  if (source instanceof ArrayBuffer) return unnamed(new Blob([source]));
  if (ArrayBuffer.isView(source)) return unnamed(new Blob([/** @type {ArrayBufferView<ArrayBuffer>} */ (source)]));
  if (typeof source === 'string' || source instanceof URL) return fetchFile(String(source), signal);
  if (source instanceof HTMLImageElement) {
    const url = source.currentSrc || source.src;
    if (!url) throw new SenmeiError('invalid-option', 'The image element has no picture yet.');
    return fetchFile(url, signal);
  }
  if (source instanceof ImageBitmap) return unnamed(await bitmapFile(source));
  if (source instanceof HTMLCanvasElement || source instanceof OffscreenCanvas)
    return unnamed(await canvasFile(source));
  throw new SenmeiError(
    'invalid-option',
    `A ${describe(source)} is no picture source; a Blob, File, ArrayBuffer, URL, ImageBitmap, HTMLImageElement or canvas is.`,
  );
}

/**
 * @param {Blob} blob
 * @returns {SourceFile}
 */
function unnamed(blob) {
  return { blob, name: null };
}

/**
 * @param {string} url
 * @param {AbortSignal} [signal]
 * @returns {Promise<SourceFile>}
 */
async function fetchFile(url, signal) {
  if (!url.trim()) throw new SenmeiError('invalid-option', 'The URL of the picture is empty.');
  if (/^\s*data:/i.test(url)) return unnamed(dataFile(url));
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
  try {
    return { blob: await response.blob(), name: nameIn(response.url) };
  } catch {
    if (signal?.aborted) throw abortError();
    throw new SenmeiError('network', `“${shown}” cannot be fetched; the connection failed before its end.`);
  }
}

/**
 * Read here and not fetched: a fetch does not tell what is wrong, and a page's policy may forbid it.
 * @param {string} uri
 * @returns {Blob}
 */
function dataFile(uri) {
  const [head, ...rest] = uri.split('#')[0].split(',');
  if (rest.length === 0) throw malformed(uri, 'it has no comma before its data');
  const text = rest
    .join(',')
    .replace(/%([0-9a-f]{2})/gi, (_, digits) => String.fromCharCode(Number.parseInt(digits, 16)));
  if (!/;\s*base64\s*$/i.test(head)) return binaryBlob(text, uri);
  let decoded;
  try {
    decoded = atob(text);
  } catch {
    throw malformed(uri, 'its data is not base64');
  }
  return binaryBlob(decoded, uri);
}

/**
 * @param {string} text a character for each byte
 * @param {string} uri
 */
function binaryBlob(text, uri) {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code > 255) throw malformed(uri, `“${text[index]}” in it is no byte`);
    bytes[index] = code;
  }
  return new Blob([bytes]);
}

/**
 * @param {string} uri
 * @param {string} reason
 */
function malformed(uri, reason) {
  const shown = uri.length > 40 ? `${uri.slice(0, 40)}…` : uri;
  return new SenmeiError('invalid-option', `The data URI “${shown}” is malformed: ${reason}.`);
}

/** @param {string} url */
function nameIn(url) {
  const { protocol, pathname } = new URL(url);
  if (!/^(https?|file):$/.test(protocol)) return null;
  const segment = pathname.split('/').at(-1) ?? '';
  try {
    return decodeURIComponent(segment) || null;
  } catch {
    // A percent sign that is none of an encoding's.
    return segment;
  }
}

/** @param {ImageBitmap} bitmap */
async function bitmapFile(bitmap) {
  if (!bitmap.width || !bitmap.height) throw new SenmeiError('invalid-option', 'The ImageBitmap is closed or empty.');
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext('2d'));
  context.drawImage(bitmap, 0, 0);
  return canvasFile(canvas);
}

/** @param {HTMLCanvasElement | OffscreenCanvas} canvas */
async function canvasFile(canvas) {
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
  return blob;
}

/** @param {unknown} value */
function describe(value) {
  return Object.prototype.toString.call(value).slice(8, -1);
}
