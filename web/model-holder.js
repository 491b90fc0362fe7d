import { Upscaler } from './senmei.js';

/** @typedef {import('./senmei.js').Progress} Progress */

/**
 * Holds the one Upscaler the page uses, and exchanges it when another model is wanted.
 *
 * All Upscalers share one engine, which lives as long as one of them: the new one is there before the old one goes.
 *
 * Events: `progress` (CustomEvent<Progress>), `ready`, `failed` (CustomEvent<unknown>).
 */
export class ModelHolder extends EventTarget {
  /** What a download fetches, in a word: the first model comes with the engine. */
  loads = 'engine';

  /** @type {{ model: string, upscaler: Promise<Upscaler> } | null} */
  #wanted = null;

  /** Counts the wishes, so that an overtaken one reports nothing any more. */
  #turn = 0;

  /**
   * @param {string} model an id of the catalogue
   * @returns {Promise<Upscaler>} rejects with what Upscaler.create threw; asking again then tries again
   */
  want(model) {
    if (this.#wanted?.model === model) return this.#wanted.upscaler;
    const before = this.#wanted;
    this.#turn += 1;
    const turn = this.#turn;
    const upscaler = Upscaler.create({
      model,
      onProgress: (progress) => {
        if (this.#turn === turn) this.dispatchEvent(new CustomEvent('progress', { detail: progress }));
      },
    });
    const wanted = { model, upscaler };
    this.#wanted = wanted;
    this.#follow(wanted, before);
    return upscaler;
  }

  /** Lets go of an Upscaler whose engine has died; the next wish starts a new one. */
  async renounce() {
    const before = this.#wanted;
    this.#wanted = null;
    this.loads = 'engine';
    await (await before?.upscaler)?.dispose();
  }

  /**
   * @param {{ model: string, upscaler: Promise<Upscaler> }} wanted
   * @param {{ model: string, upscaler: Promise<Upscaler> } | null} before
   */
  async #follow(wanted, before) {
    try {
      await wanted.upscaler;
      this.loads = 'model';
      if (this.#wanted === wanted) this.dispatchEvent(new Event('ready'));
    } catch (error) {
      if (this.#wanted === wanted) {
        this.#wanted = null;
        this.dispatchEvent(new CustomEvent('failed', { detail: error }));
      }
    }
    const old = await before?.upscaler.catch(() => null);
    await old?.dispose();
  }
}
