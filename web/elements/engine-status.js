import { stageInWords } from './job-progress.js';

/**
 * `<engine-status>`: one quiet line on whether the engine is there. Its `data-phase` is loading, ready or failed.
 */
export class EngineStatus extends HTMLElement {
  /**
   * @param {import('../senmei.js').Progress} progress
   * @param {string} loads what a download fetches
   */
  showLoading({ stage, done, total }, loads) {
    this.#show('loading', stageInWords(stage, done, total, loads));
  }

  showReady() {
    this.#show('ready', 'Ready');
  }

  /** @param {string} what could not be loaded */
  showFailed(what) {
    this.#show('failed', `${what[0].toUpperCase()}${what.slice(1)} not loaded`);
  }

  /**
   * @param {'loading' | 'ready' | 'failed'} phase
   * @param {string} text
   */
  #show(phase, text) {
    this.dataset.phase = phase;
    this.textContent = text;
  }
}

customElements.define('engine-status', EngineStatus);
