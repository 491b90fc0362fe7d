// Whether a picture moves, and what is known of that.

import { framesInWords } from './words.js';

/**
 * @typedef {import('./job-options.js').AnimationKind} AnimationKind
 * @typedef {import('./job-options.js').MovingPicture & { durationMs: number | null }} Moving durationMs: of one play; null
 *   where it is not known
 */

/** @type {Record<string, AnimationKind | undefined>} by what a plan calls it */
const KINDS = { GIF: 'gif', PNG: 'apng', WebP: 'webp' };

/**
 * What the engine says of a picture; where the browser sees it otherwise, this counts.
 *
 * @param {import('./senmei.js').Upscaler} upscaler
 * @param {Blob} blob
 * @param {boolean} isPartial whether what can be read of a damaged file is enough
 * @returns {Promise<import('./job-options.js').MovingPicture | null>} null of one that stands still
 * @throws {import('./senmei.js').SenmeiError} what `Upscaler.plan` throws
 */
export async function movingByEngine(upscaler, blob, isPartial) {
  // The least that can be asked for, so that nothing but the file itself is refused.
  const { frames, format } = await upscaler.plan(blob, { scale: 1, strength: 0, partial: isPartial });
  const kind = KINDS[format];
  return frames > 1 && kind ? { frames, kind } : null;
}

/**
 * How long one play takes; lets go of the frames.
 *
 * @param {import('./animation-frames.js').AnimationFrames} frames
 * @returns {Promise<number | null>} null where that is not known
 */
export async function durationOf(frames) {
  try {
    return await frames.totalMs();
  } catch {
    // A torn file; what is wrong with it the engine says.
    return null;
  } finally {
    frames.close();
  }
}

/**
 * What of an animation is enlarged.
 *
 * @param {import('./job-options.js').MovingPicture | null} moving null of a still
 * @param {import('./settings.js').Settings} settings
 * @returns {string} empty for a still
 */
export function movingInWords(moving, { animation: { way, frame } }) {
  if (!moving) return '';
  return way === 'frame' ? `Frame ${Math.min(frame, moving.frames)}` : framesInWords(moving.frames);
}
