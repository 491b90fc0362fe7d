// Measures whole jobs, and the bare runtime on the same tiles, for every way of computing that this device has.

import { wayInWords } from '../engine-words.js';
import { orAbort } from '../errors.js';
import { SenmeiError, Upscaler } from '../senmei.js';
import { BareCrew } from './bare-crew.js';
import { testPicture } from './test-picture.js';
import { waysFor } from './ways.js';

/**
 * @typedef {import('../senmei.js').EngineReport} EngineReport
 * @typedef {import('./ways.js').Way} Way
 * @typedef {Awaited<ReturnType<typeof import('../senmei.js').listModels>>[number] & { overlap: number, padding: number, multiple_of: number }} Card
 *
 * @typedef {object} Figures medians, in milliseconds
 * @property {number} jobMs PNG to PNG
 * @property {number} bareMs
 *
 * @typedef {{ way: Way, figures: Figures | null, reason: string | null }} Row reason: a sentence, where there are no figures
 *
 * @typedef {object} Hearer
 * @property {(words: string, fraction: number) => void} onStep what is done now, and how much was done before
 * @property {(report: EngineReport) => void} onReport
 * @property {(version: string) => void} onRuntime
 * @property {(row: Row) => void} onRow
 */

/** So long the engine may take to find out what it can do here, and so long it is quiet between two things it tries. */
const TRIALS_MS = 30_000;
const PAUSE_MS = 2000;
const POLL_MS = 250;

/**
 * @param {object} task
 * @param {Card} task.card of the model
 * @param {number} task.side of the square picture in pixels
 * @param {number} task.repeats of which the median counts
 * @param {AbortSignal} signal
 * @param {Hearer} hearer
 * @throws {SenmeiError} what `Upscaler.create` throws
 * @throws {DOMException} AbortError
 */
export async function measureDevice({ card, side, repeats }, signal, { onStep, onReport, onRuntime, onRow }) {
  onStep('Starting the engine', 0);
  const picture = await testPicture(side);
  // It keeps the engine alive for all that come after it.
  const keeper = await Upscaler.create({ model: card.id, signal });
  try {
    onStep('Trying what computes right here', 0);
    const report = await settled(keeper, signal);
    onReport(report);
    const ways = waysFor(report);
    const rounds = ways.filter(({ reason }) => !reason).length * (repeats + 1);
    let round = 0;
    for (const { reason, ...way } of ways) {
      if (reason) {
        onRow({ way, figures: null, reason });
        continue;
      }
      const begin = (/** @type {number} */ repeat) => {
        const which = repeat === 0 ? 'warming up' : `round ${repeat} of ${repeats}`;
        onStep(`${wayInWords(way)}: ${which}`, round / rounds);
        round += 1;
      };
      try {
        onRow({ way, figures: await measureWay(way, { card, picture, repeats }, signal, begin, onRuntime), reason });
      } catch (error) {
        // One that cannot be had is a result as well.
        if (!(error instanceof SenmeiError)) throw error;
        onRow({ way, figures: null, reason: error.message });
      }
    }
  } finally {
    await keeper.dispose();
  }
}

/**
 * What the engine has found out, once it tries nothing any more: that would take the cores from what is measured.
 *
 * @param {Upscaler} upscaler
 * @param {AbortSignal} signal
 */
async function settled(upscaler, signal) {
  const started = performance.now();
  let busyUntil = started;
  for (;;) {
    const report = await orAbort(upscaler.engine(), signal);
    const now = performance.now();
    if (report.rungs.some(({ state }) => state === 'testing')) busyUntil = now;
    if (now > busyUntil + PAUSE_MS || now > started + TRIALS_MS) return report;
    await orAbort(new Promise((resolve) => setTimeout(resolve, POLL_MS)), signal);
  }
}

/**
 * @param {Way} way
 * @param {{ card: Card, picture: Blob, repeats: number }} task
 * @param {AbortSignal} signal
 * @param {(repeat: number) => void} begin hears of every round
 * @param {(version: string) => void} onRuntime
 * @returns {Promise<Figures>}
 */
async function measureWay(way, { card, picture, repeats }, signal, begin, onRuntime) {
  begin(0);
  const upscaler = await Upscaler.create({ model: card.id, signal, ...way });
  const crew = new BareCrew(way);
  try {
    const tiles = await watchedTiles(upscaler, picture, card, signal);
    await orAbort(crew.load(card), signal);
    onRuntime(crew.version);
    const runs = {
      job: () => upscaler.upscale(picture, { format: 'png', signal }),
      bare: () => orAbort(crew.run(tiles.count, tiles.dims), signal),
    };
    await runs.bare();
    /** @type {Record<keyof typeof runs, number[]>} */
    const times = { job: [], bare: [] };
    for (let repeat = 1; repeat <= repeats; repeat++) {
      begin(repeat);
      times.bare.push(await elapsedMs(runs.bare));
      times.job.push(await elapsedMs(runs.job));
    }
    return { jobMs: median(times.job), bareMs: median(times.bare) };
  } finally {
    crew.end();
    await upscaler.dispose();
  }
}

/**
 * The tiles of a job, as they are seen from outside: the first paints the picture's corner, and sees the padding around
 * it and the overlap with its neighbours.
 *
 * @param {Upscaler} upscaler
 * @param {Blob} picture
 * @param {Card} card
 * @param {AbortSignal} signal
 * @returns {Promise<{ count: number, dims: number[] }>}
 */
async function watchedTiles(upscaler, picture, { overlap, padding, multiple_of, scale }, signal) {
  /** @param {number} pixels */
  const rounded = (pixels) => Math.ceil(pixels / multiple_of) * multiple_of;
  /** @param {number} core @param {number} side */
  const source = (core, side) =>
    core === side ? rounded(side + 2 * rounded(padding)) : core + rounded(overlap) + rounded(padding);
  let dims = [1, 0, 0, 3];
  const { tilesRun } = await upscaler.upscale(picture, {
    format: 'png',
    signal,
    onTile: (tile) => {
      if (tile.x || tile.y) return;
      const height = source(tile.height / scale, tile.sourceHeight);
      dims = [1, height, source(tile.width / scale, tile.sourceWidth), 3];
    },
  });
  return { count: tilesRun, dims };
}

/** @param {() => Promise<unknown>} work */
async function elapsedMs(work) {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** @param {number[]} values */
function median(values) {
  const rising = [...values].sort((one, other) => one - other);
  const middle = Math.floor(rising.length / 2);
  return rising.length % 2 ? rising[middle] : (rising[middle - 1] + rising[middle]) / 2;
}
