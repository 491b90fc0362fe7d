// The result as the page shows it: beside the picture before, with its facts and the ways to keep it.

import { announce } from './messages.js';
import { compare, outcome, stage } from './page-parts.js';
import { shownResult } from './shown-result.js';
import { durationInWords } from './words.js';

/** The URL of what shows the result, where there is one. */
let resultUrl = '';

/**
 * @param {string} before URL of what shows the picture before
 * @param {import('./senmei.js').Result} result
 * @param {string} title of the model
 * @param {import('./senmei.js').Upscaler} upscaler
 */
export async function showResult(before, result, title, upscaler) {
  dropResult();
  // Before it is shown: whatever happens then, it can be saved.
  outcome.show(result, title);
  const { blob, isPreview } = await shownResult(result, stage, upscaler);
  if (blob) resultUrl = URL.createObjectURL(blob);
  await compare.show(before, resultUrl || before, { isPreview });
}

/** @param {import('./senmei.js').Result} result */
export function announceResult({ width, height, elapsedMs }) {
  announce(`Done: ${width} by ${height} pixels in ${durationInWords(elapsedMs)}.`);
}

export function dropResult() {
  compare.clear();
  outcome.clear();
  URL.revokeObjectURL(resultUrl);
  resultUrl = '';
}
