import { orAbort } from './errors.js';
import { pickModel } from './job-options.js';
import { listModels, SenmeiError, Upscaler } from './senmei.js';

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

  /** @type {readonly import('./job-options.js').CatalogueEntry[]} */
  #models = [];

  /** @type {{ model: string, upscaler: Promise<Upscaler> } | null} */
  #wanted = null;

  /** Counts the wishes, so that an overtaken one reports nothing any more. */
  #turn = 0;

  /**
   * The Upscaler that does what the settings ask; asking again after a failure tries again.
   *
   * @param {import('./settings.js').Settings} settings
   * @param {number} factor how much larger the result is
   * @param {AbortSignal} [signal]
   * @returns {Promise<{ upscaler: Upscaler, title: string }>} title: the model's, in words
   * @throws {SenmeiError} what listModels and Upscaler.create throw; also told by the event `failed`
   */
  async want(settings, factor, signal) {
    if (this.#models.length === 0) this.#models = await orAbort(this.#list(), signal);
    const model = pickModel(this.#models, settings, factor);
    if (!model) throw new SenmeiError('model-unavailable', 'There is no model for these settings; choose others.');
    return { upscaler: await orAbort(this.#hold(model.id), signal), title: model.title };
  }

  /** Lets go of an Upscaler whose engine has died; the next wish starts a new one. */
  async renounce() {
    const before = this.#wanted;
    this.#wanted = null;
    this.loads = 'engine';
    await (await before?.upscaler)?.dispose();
  }

  async #list() {
    try {
      return await listModels();
    } catch (error) {
      this.dispatchEvent(new CustomEvent('failed', { detail: error }));
      throw error;
    }
  }

  /**
   * @param {string} model an id of the catalogue
   * @returns {Promise<Upscaler>}
   */
  #hold(model) {
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
