// Single frames of animations as pictures that stand still.

import { AnimationFrames } from './animation-frames.js';

/**
 * One frame of an animation as a picture.
 *
 * @param {Blob} animation
 * @param {number} index
 * @returns {Promise<Blob | null>} null where the browser cannot tell frames apart
 */
export async function shownFrame(animation, index) {
  const frames = await AnimationFrames.open(animation);
  if (!frames) return null;
  try {
    return await pictureOf(await frames.frame(Math.min(index, frames.count - 1)), frames);
  } catch {
    // Torn there; the picture as a whole is shown instead.
    return null;
  } finally {
    frames.close();
  }
}

/**
 * The first frame of what would move.
 *
 * @param {Blob} animation
 * @returns {Promise<Blob>}
 */
export async function shownStill(animation) {
  const first = await createImageBitmap(animation);
  try {
    return await pictureOf(first, first);
  } finally {
    first.close();
  }
}

/**
 * @param {CanvasImageSource} source
 * @param {import('./result-size.js').PixelSize} size
 */
async function pictureOf(source, { width, height }) {
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext('2d')?.drawImage(source, 0, 0);
  return canvas.convertToBlob({ type: 'image/png' });
}
