import { PREVIEW_SIDE } from './opened-picture.js';

/** What every browser with module workers and WebAssembly shows; TIFF is Safari's alone. */
const SHOWN_FORMATS = new Set(['png', 'jpeg', 'webp', 'gif']);

/** Beyond this the decoded picture alone would take more memory than making it did. */
const SHOWN_PIXELS = 36e6;

/**
 * What the page shows of a result: the file itself, or a small copy where a browser cannot show it or should not.
 *
 * @param {import('./senmei.js').Result} result
 * @param {import('./elements/picture-stage.js').PictureStage} stage holds what was painted while the result was made
 * @param {import('./senmei.js').Upscaler} upscaler
 * @returns {Promise<{ blob: Blob | null, isPreview: boolean }>} null where the picture before shows as much: without a network
 *   nothing is painted, and enlarged plainly a picture looks as it did
 */
export async function shownResult({ blob, format, width, height }, stage, upscaler) {
  const isModest = width * height <= SHOWN_PIXELS;
  if (isModest && SHOWN_FORMATS.has(format)) return { blob, isPreview: false };
  const painted = await stage.painted();
  if (painted || !isModest) return { blob: painted, isPreview: true };
  const preview = await upscaler.preview(blob, { longest: PREVIEW_SIDE });
  return { blob: preview.blob, isPreview: true };
}
