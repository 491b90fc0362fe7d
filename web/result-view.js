// The result as the page shows it: beside the picture before, with its facts and the ways to keep it.

import { AnimationFrames } from './animation-frames.js';
import { shownFrame, shownStill } from './animation-stills.js';
import { announce } from './messages.js';
import { compare, lone, outcome, player, shapeFrame, stage } from './page-parts.js';
import { Playback } from './playback.js';
import { shownResult } from './shown-result.js';
import { durationInWords, framesInWords } from './words.js';

/**
 * @typedef {import('./senmei.js').Result} Result
 * @typedef {import('./options.js').Wanted['frames'] | null} Made what became of an animation; null for a still
 */

/** Of each gigabyte of the machine's memory, as far as that is known, so much may go into playing. */
const PLAYED_SHARE = 0.1;

/** Of what shows the result, to be revoked. @type {string[]} */
let urls = [];
/** @type {Playback | null} */
let playback = null;

compare.addEventListener('toggle-play', () => player.toggle());

/** Whether what moves by itself is unwelcome. */
export function prefersStill() {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}

/**
 * @param {{ url: string, blob: Blob }} before the picture before and what shows it
 * @param {Result} result
 * @param {Made} made
 * @param {{ title: string, upscaler: import('./senmei.js').Upscaler }} model
 */
export async function showResult(before, result, made, { title, upscaler }) {
  dropResult();
  // Before it is shown: whatever happens then, it can be saved.
  outcome.show(result, title, made);
  shapeFrame(result);
  const isMoving = made === 'animation' && result.frames > 1;
  if (isMoving && (await playBoth(before.blob, result))) return;
  if (isMoving && prefersStill()) {
    await compareUrls(urlOf(await shownStill(before.blob)), urlOf(await shownStill(result.blob)), false);
    return;
  }
  if (made === 'zip') {
    await showAlone(before.url, 'Before · the new frames are in the ZIP');
    return;
  }
  const { blob, isPreview } = await shownResult(result, stage, upscaler);
  if (made === 'sheet') {
    await showAlone(blob ? urlOf(blob) : before.url, isPreview ? 'Sheet · preview' : 'Sheet');
    return;
  }
  const only = typeof made === 'number' ? made - 1 : made === 'animation' && result.frames === 1 ? 0 : null;
  const frame = only === null ? null : await shownFrame(before.blob, only);
  // Two files that begin at the same time move together.
  const url = frame ? urlOf(frame) : isMoving ? urlOf(before.blob) : before.url;
  await compareUrls(url, blob ? urlOf(blob) : url, isPreview);
}

/**
 * @param {Result} result
 * @param {Made} made
 */
export function announceResult({ width, height, frames, elapsedMs }, made) {
  const what = made === 'animation' || made === 'zip' ? `${framesInWords(frames)} of ` : '';
  announce(`Done: ${what}${width} by ${height} pixels in ${durationInWords(elapsedMs)}.`);
}

/** While nobody sees it, nothing plays. */
export function pauseResult() {
  playback?.pause();
}

export function dropResult() {
  playback?.close();
  playback = null;
  player.clear();
  compare.clear();
  lone.clear();
  outcome.clear();
  for (const url of urls) URL.revokeObjectURL(url);
  urls = [];
}

/**
 * @param {Blob} before
 * @param {Result} result
 * @returns {Promise<boolean>} false where the browser cannot, or should not for lack of memory
 */
async function playBoth(before, { blob }) {
  const [framesBefore, framesAfter] = await Promise.all([AnimationFrames.open(before), AnimationFrames.open(blob)]);
  if (!framesBefore || !framesAfter || framesBefore.memoryBytes + framesAfter.memoryBytes > playedBytes()) {
    framesBefore?.close();
    framesAfter?.close();
    return false;
  }
  const begun = new Playback(framesBefore, framesAfter, compare.canvases);
  try {
    await begun.begin();
  } catch {
    begun.close();
    return false;
  }
  playback = begun;
  lone.hidden = true;
  compare.hidden = false;
  compare.showMoving();
  player.follow(begun);
  if (!prefersStill()) begun.play();
  return true;
}

/**
 * @param {string} before
 * @param {string} after
 * @param {boolean} isPreview
 */
async function compareUrls(before, after, isPreview) {
  lone.hidden = true;
  compare.hidden = false;
  await compare.show(before, after, { isPreview });
}

/**
 * @param {string} url
 * @param {string} caption
 */
async function showAlone(url, caption) {
  compare.hidden = true;
  lone.hidden = false;
  await lone.show(url, caption);
}

function playedBytes() {
  // Only Chromium tells.
  const { deviceMemory = 4 } = /** @type {Navigator & { deviceMemory?: number }} */ (navigator);
  return deviceMemory * PLAYED_SHARE * 1e9;
}

/** @param {Blob} blob */
function urlOf(blob) {
  const url = URL.createObjectURL(blob);
  urls.push(url);
  return url;
}
