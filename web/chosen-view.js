// The chosen picture on the stage: as it is, or the one frame of it that is wanted.

import { shownFrame } from './animation-stills.js';
import { main, stage } from './page-parts.js';

/** Of the frame that is shown, where one is; to be revoked. */
let frameUrl = '';

/** What is shown or will be. */
let wanted = '';

/**
 * @param {{ url: string, name: string, blob: Blob, moving: import('./job-options.js').MovingPicture | null }} picture and
 *   the URL of what shows it
 * @param {import('./settings.js').Settings} settings
 */
export async function showChosen({ url, name, blob, moving }, { animation: { way, frame } }) {
  const index = moving && way === 'frame' ? Math.min(frame, moving.frames) - 1 : null;
  const showing = `${url} ${index}`;
  // Shown anew, what moves would begin anew.
  if (showing === wanted) return;
  wanted = showing;
  const still = index === null ? null : await shownFrame(blob, index);
  if (wanted !== showing) return;
  if (main.dataset.state === 'working') {
    // The stage is the job's.
    wanted = '';
    return;
  }
  URL.revokeObjectURL(frameUrl);
  frameUrl = still ? URL.createObjectURL(still) : '';
  stage.show(frameUrl || url, name);
}
