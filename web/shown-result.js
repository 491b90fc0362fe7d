import { PREVIEW_SIDE } from './opened-picture.js';

/** What every browser with module workers and WebAssembly shows; TIFF is Safari's alone. */
const SHOWN_FORMATS = new Set(['png', 'jpeg', 'webp']);

/** Beyond this the decoded picture alone would take more memory than making it did. */
const SHOWN_PIXELS = 36e6;

/**
 * What the page shows of a result: the file itself, or a small copy where a browser cannot show it or should not.
 *
 * @param {import('./senmei.js').Result} result
 * @param {import('./elements/picture-stage.js').PictureStage} stage holds what was painted while the result was made
 * @param {import('./senmei.js').Upscaler} upscaler
 * @returns {Promise<{ blob: Blob, isPreview: boolean }>}
 */
export async function shownResult({ blob, format, width, height }, stage, upscaler) {
  if (SHOWN_FORMATS.has(format) && width * height <= SHOWN_PIXELS) return { blob, isPreview: false };
  const painted = await stage.painted();
  return { blob: painted ?? (await upscaler.preview(blob, { longest: PREVIEW_SIDE })).blob, isPreview: true };
}
