import { findElement } from '../find-element.js';
import { timeLeftInWords } from '../words.js';

/**
 * `<job-progress>`: a bar with percent, time left and what is being done, and a cancel button (event `cancel`).
 *
 * Bar and button stand in the page.
 *
 * @typedef {import('../senmei.js').Progress} Progress
 */
export class JobProgress extends HTMLElement {
  connectedCallback() {
    findElement(this, 'button', HTMLButtonElement).addEventListener('click', () => {
      this.dispatchEvent(new Event('cancel'));
    });
  }

  /** How much of the whole is done, 0 to 1. */
  get fraction() {
    return findElement(this, 'progress', HTMLProgressElement).value;
  }

  /** Begins at nothing done. */
  begin() {
    this.show({ stage: 'start', done: 0, total: 0, fraction: 0, etaMs: null });
  }

  /**
   * @param {Progress} progress
   * @param {string} [loads] what a download fetches
   */
  show({ stage, done, total, fraction, etaMs }, loads = 'model') {
    findElement(this, 'progress', HTMLProgressElement).value = fraction;
    findElement(this, '.job-percent', HTMLElement).textContent = `${Math.floor(fraction * 100)} %`;
    findElement(this, '[data-testid=eta]', HTMLElement).textContent = etaMs === null ? '' : timeLeftInWords(etaMs);
    findElement(this, '.job-stage', HTMLElement).textContent = stageInWords(stage, done, total, loads);
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
