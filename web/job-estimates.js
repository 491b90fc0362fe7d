// How long jobs take and how large their files become, as the jobs of this visit showed it.

import { writtenKind } from './job-options.js';
import { bytesInWords, roughlyInWords } from './words.js';

/**
 * @typedef {import('./job-options.js').AnimationKind} AnimationKind
 * @typedef {AnimationKind | 'lossy'} WrittenKind lossy: a WebP that is
 *
 * @typedef {object} Job
 * @property {string} model in words
 * @property {import('./settings.js').Settings['provider']} provider
 * @property {boolean} tta
 * @property {{ width: number, height: number, frames: number, blob: Blob, kind: AnimationKind | null }} picture kind: null of a still
 * @property {{ width: number, height: number, kind: WrittenKind | null }} target kind: null where it is taken apart
 */

/**
 * Bytes of a result by bytes of its picture, for every pixel that comes of one: as a few animations showed it.
 *
 * @type {Record<AnimationKind, Record<WrittenKind, number>>}
 */
const GROWTH = {
  gif: { gif: 2, apng: 5, webp: 4, lossy: 1 },
  apng: { gif: 1.5, apng: 4, webp: 3, lossy: 0.6 },
  webp: { gif: 3, apng: 8, webp: 6, lossy: 1 },
};

/** What was seen takes the place of what was assumed. @type {Map<string, number>} */
const seenGrowth = new Map();

/** How much of an animation moves: the share of its tiles that had to be computed. @type {WeakMap<Blob, number>} */
const movingShares = new WeakMap();

/** Milliseconds for a pixel of the picture that a network saw. @type {Map<string, number>} */
const rates = new Map();

/**
 * @param {{ width: number, height: number, blob: Blob, moving: import('./job-options.js').MovingPicture | null }} picture
 * @param {import('./settings.js').Settings} settings
 * @param {import('./result-size.js').PixelSize} size of the result
 * @param {string} model
 * @returns {Job}
 */
export function jobOf({ width, height, blob, moving }, { animation, tta, provider }, size, model) {
  const { frames, kind } = moving ?? { frames: 1, kind: null };
  const written = moving && writtenKind(animation, moving);
  /** @type {WrittenKind | null} */
  const targetKind = written === 'webp' && !animation.lossless ? 'lossy' : written;
  return {
    model,
    provider,
    tta,
    picture: { width, height, frames, blob, kind },
    target: { ...size, kind: targetKind },
  };
}

/**
 * @param {Job} job
 * @param {import('./senmei.js').Result} result
 */
export function learnFrom(job, { blob, frames, tiles, tilesRun, elapsedMs }) {
  const { width, height } = job.picture;
  if (tilesRun > 0) {
    movingShares.set(job.picture.blob, tilesRun / tiles);
    rates.set(rateKey(job), (elapsedMs * tiles) / (width * height * frames * tilesRun));
  }
  const share = frames / job.picture.frames;
  if (job.target.kind) seenGrowth.set(growthKey(job), blob.size / (job.picture.blob.size * share * enlargement(job)));
}

/**
 * @param {Job} job of an animation
 * @returns {string} a sentence on what it takes
 */
export function estimateInWords(job) {
  const time = longestMs(job);
  const movingShare = movingShares.get(job.picture.blob);
  const bytes = roughBytes(job);
  const facts = [
    ...(time === null ? [] : [`${movingShare ? '' : 'up to '}about ${roughlyInWords(time * (movingShare ?? 1))}`]),
    ...(bytes === null ? [] : [`a file of roughly ${bytesInWords(Number(bytes.toPrecision(1)))}`]),
  ];
  if (facts.length === 0) return '';
  const words = facts.join(', ');
  return `${words[0].toUpperCase()}${words.slice(1)}.`;
}

/**
 * @param {Job} job
 * @returns {number | null} how long it takes when all of every frame moves, or null where no such job was done yet
 */
function longestMs(job) {
  const rate = rates.get(rateKey(job));
  const { width, height, frames } = job.picture;
  return rate === undefined ? null : rate * width * height * frames;
}

/**
 * @param {Job} job
 * @returns {number | null} about how large the file becomes, or null where that is not known
 */
function roughBytes(job) {
  const { picture, target } = job;
  if (!target.kind || !picture.kind) return null;
  const growth = seenGrowth.get(growthKey(job)) ?? GROWTH[picture.kind][target.kind];
  return growth * picture.blob.size * enlargement(job);
}

/** @param {Job} job */
function enlargement({ picture, target }) {
  return (target.width * target.height) / (picture.width * picture.height);
}

/**
 * A model that enlarges twice runs several times for four.
 *
 * @param {Job} job
 */
function rateKey(job) {
  return `${job.model} ${job.provider} ${job.tta} ${Math.max(1, Math.ceil(Math.log2(enlargement(job)) / 2))}`;
}

/** @param {Job} job */
function growthKey({ picture, target }) {
  return `${picture.kind} ${target.kind}`;
}
