// A chosen file as the page shows it: by the browser where it can, by the engine where it cannot.

import { shownStill } from './animation-stills.js';

/**
 * @typedef {object} ShownPicture
 * @property {string} url of what an <img> can show; to be revoked
 * @property {number} width of the file's picture, in pixels, as it stands upright
 * @property {number} height
 */

/** Pictures with more pixels are shown by a small copy: their pixels would take more memory than the job itself. */
const SHOWN_WHOLE_PIXELS = 16e6;

/** The longest side of such a copy. */
export const PREVIEW_SIDE = 2048;

/**
 * @param {Blob} blob
 * @returns {Promise<ShownPicture | null>} null where the browser cannot show the file
 */
export async function openInBrowser(blob) {
  const url = URL.createObjectURL(blob);
  try {
    const image = new Image();
    image.src = url;
    await loaded(image);
    const { naturalWidth: width, naturalHeight: height } = image;
    if (width * height <= SHOWN_WHOLE_PIXELS) {
      await image.decode();
      return { url, width, height };
    }
    const copy = await smallCopy(blob, width, height);
    URL.revokeObjectURL(url);
    return { url: await decodedUrl(copy), width, height };
  } catch {
    URL.revokeObjectURL(url);
    return null;
  }
}

/**
 * Of a damaged file it shows what can be read.
 *
 * @param {import('./senmei.js').Upscaler} upscaler
 * @param {Blob} blob
 * @returns {Promise<ShownPicture>}
 * @throws {import('./senmei.js').SenmeiError} unsupported-format, corrupt-image, too-large
 */
export async function openByEngine(upscaler, blob) {
  const preview = await upscaler.preview(blob, { longest: PREVIEW_SIDE });
  const { width, height } = await upscaler.plan(blob, { scale: 1 });
  return { url: await decodedUrl(preview.blob), width, height };
}

/**
 * Exchanges what shows an animation for its first frame.
 *
 * @param {ShownPicture} shown
 * @param {Blob} blob
 */
export async function holdStill(shown, blob) {
  try {
    const url = await decodedUrl(await shownStill(blob));
    URL.revokeObjectURL(shown.url);
    shown.url = url;
  } catch {
    // Better one that moves than none.
  }
}

/**
 * @param {Blob} blob of a picture that the browser shows
 * @returns {Promise<string>} its URL, when an <img> can show it at once
 */
async function decodedUrl(blob) {
  const url = URL.createObjectURL(blob);
  const image = new Image();
  image.src = url;
  await image.decode();
  return url;
}

/**
 * Resolves when the size is known, which takes no decoding.
 *
 * @param {HTMLImageElement} image
 */
function loaded(image) {
  return new Promise((resolve, reject) => {
    image.onload = resolve;
    image.onerror = reject;
  });
}

/**
 * @param {Blob} blob
 * @param {number} width
 * @param {number} height
 * @returns {Promise<Blob>}
 */
async function smallCopy(blob, width, height) {
  const shrink = PREVIEW_SIDE / Math.max(width, height);
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(width * shrink)), Math.max(1, Math.round(height * shrink)));
  // One side only: the other follows, also where a browser counts the sides before it turns the picture upright.
  const bitmap = await createImageBitmap(blob, { resizeWidth: canvas.width, resizeQuality: 'high' });
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext('2d'));
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return canvas.convertToBlob({ type: 'image/webp', quality: 0.92 });
}
