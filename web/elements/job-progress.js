import { findElement } from '../find-element.js';
import { timeLeftInWords } from '../words.js';

/**
 * `<job-progress>`: a bar with percent, time left and what is being done, and a cancel button (event `cancel`). Of an
 * animation that has a frame done, another button ends it early (event `keep`).
 *
 * Bar and buttons stand in the page.
 *
 * @typedef {import('../senmei.js').Progress} Progress
 */
export class JobProgress extends HTMLElement {
  connectedCallback() {
    this.cancel.addEventListener('click', () => this.dispatchEvent(new Event('cancel')));
    this.#keep.addEventListener('click', () => {
      // Not `disabled`, which would take the focus from it.
      if (this.#keep.ariaDisabled === 'true') return;
      this.#keep.ariaDisabled = 'true';
      this.#keep.textContent = 'Stopping …';
      this.dispatchEvent(new Event('keep'));
    });
  }

  /** @returns {HTMLButtonElement} */
  get cancel() {
    return findElement(this, '[data-testid=cancel]', HTMLButtonElement);
  }

  get #keep() {
    return findElement(this, '[data-testid=keep]', HTMLButtonElement);
  }

  /** How much of the whole is done, 0 to 1. */
  get fraction() {
    return findElement(this, 'progress', HTMLProgressElement).value;
  }

  /** Begins at nothing done. */
  begin() {
    this.#keep.hidden = true;
    this.#keep.ariaDisabled = 'false';
    this.#keep.textContent = 'Stop and keep what is done';
    this.show({ stage: 'start', done: 0, total: 0, fraction: 0, etaMs: null });
  }

  /**
   * @param {Progress} progress
   * @param {string} [loads] what a download fetches
   */
  show({ stage, done, total, fraction, etaMs, frame = 0, frames = 1 }, loads = 'model') {
    findElement(this, 'progress', HTMLProgressElement).value = fraction;
    findElement(this, '.job-percent', HTMLElement).textContent = `${Math.floor(fraction * 100)} %`;
    findElement(this, '[data-testid=eta]', HTMLElement).textContent = etaMs === null ? '' : timeLeftInWords(etaMs);
    const words = stageInWords(stage, done, total, loads);
    const isMoving = stage === 'infer' && frames > 1;
    findElement(this, '.job-frame', HTMLElement).textContent = isMoving
      ? `Frame ${Math.min(frame + 1, frames)} of ${frames}`
      : '';
    findElement(this, '.job-stage', HTMLElement).textContent = words;
    if (isMoving && frame > 0) this.#keep.hidden = false;
  }
}

/**
 * @param {Progress['stage']} stage
 * @param {number} done bytes in 'download', tiles in 'infer'
 * @param {number} total the same
 * @param {string} loads what a download fetches
 * @returns {string} what is being done and how far it is
 */
export function stageInWords(stage, done, total, loads) {
  switch (stage) {
    case 'download':
      return `Loading ${loads}: ${(done / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB`;
    case 'start':
      return 'Starting the engine';
    case 'decode':
      return 'Reading the picture';
    case 'infer':
      return `Enlarging: ${done} of ${total} ${total === 1 ? 'tile' : 'tiles'} done`;
    case 'encode':
      return 'Writing the new picture';
  }
}

customElements.define('job-progress', JobProgress);
