import { announce } from './messages.js';
import { progress, shapeFrame, stage } from './page-parts.js';

/** What the page shows of a job while it runs, and how the job hears that it is to stop. */
export class RunningJob {
  #cancelling = new AbortController();
  #ending = new AbortController();

  /** @param {import('./result-size.js').PixelSize} size of the result */
  constructor(size) {
    window.addEventListener('beforeunload', warnBeforeLeaving);
    progress.begin();
    stage.begin(size);
    shapeFrame(size);
    progress.cancel.focus({ preventScroll: true });
    announce('Enlarging.');
  }

  get signal() {
    return this.#cancelling.signal;
  }

  /**
   * For `Upscaler.upscale`.
   *
   * @returns {import('./senmei.js').Listeners}
   */
  get listeners() {
    return {
      signal: this.signal,
      endSignal: this.#ending.signal,
      onProgress: (now) => {
        if (!this.signal.aborted) this.#follow(now);
      },
      onTile: (tile) => {
        if (!this.signal.aborted) stage.paint(tile);
      },
    };
  }

  cancel() {
    this.#cancelling.abort();
  }

  /** Ends an animation with the frames that are done. */
  endEarly() {
    this.#ending.abort();
    announce('Stopping; what is done is kept.');
  }

  /** Takes the page back from the job. */
  end() {
    stage.rest();
    document.title = '鮮明 Senmei';
    window.removeEventListener('beforeunload', warnBeforeLeaving);
  }

  /** @param {import('./senmei.js').Progress} now */
  #follow(now) {
    const quarter = Math.floor(progress.fraction * 4);
    progress.show(now);
    if (now.frame) stage.turnTo(now.frame);
    document.title = `${Math.floor(now.fraction * 100)} % · Senmei`;
    const reached = Math.floor(now.fraction * 4);
    if (reached > quarter && reached < 4) announce(`${reached * 25} % done.`);
  }
}

/** @param {BeforeUnloadEvent} event */
function warnBeforeLeaving(event) {
  event.preventDefault();
}
