import { orAbort } from './errors.js';
import { pickModel } from './job-options.js';
import { listModels, SenmeiError, Upscaler } from './senmei.js';

/**
 * @typedef {import('./senmei.js').Progress} Progress
 * @typedef {import('./settings.js').Settings['provider']} Provider
 *
 * @typedef {object} Held
 * @property {string} model an id of the catalogue
 * @property {Provider} provider
 * @property {Promise<Upscaler>} upscaler
 */

/** What `Upscaler.create` throws where the wanted provider cannot be had. */
const PROVIDER_FAILURES = ['invalid-option', 'engine-failed'];

/**
 * Holds the one Upscaler the page uses, and exchanges it when another model is wanted, or something else is to compute.
 *
 * All Upscalers share one engine, which lives as long as one of them: the new one is there before the old one goes.
 *
 * Events: `progress` (CustomEvent<Progress>), `ready`, `failed` (CustomEvent<unknown>), and instead of that
 * `provider-failed` where something else may compute.
 */
export class ModelHolder extends EventTarget {
  /** What a download fetches, in a word: the first model comes with the engine. */
  loads = 'engine';

  /** @type {readonly import('./job-options.js').CatalogueEntry[]} */
  #models = [];

  /** @type {Held | null} */
  #wanted = null;

  /**
   * The newest one that loaded: it serves on where a later wish fails, and keeps the engine alive.
   *
   * @type {Held | null}
   */
  #loaded = null;

  /** Counts the wishes, so that an overtaken one reports nothing any more. */
  #turn = 0;

  /**
   * The Upscaler that does what the settings ask; asking again after a failure tries again.
   *
   * @param {import('./settings.js').Settings} settings
   * @param {number} factor how much larger the result is
   * @param {AbortSignal} [signal]
   * @returns {Promise<{ upscaler: Upscaler, title: string }>} title: the model's, in words
   * @throws {SenmeiError} what listModels and Upscaler.create throw; also told by an event
   */
  async want(settings, factor, signal) {
    if (this.#models.length === 0) this.#models = await orAbort(this.#list(), signal);
    const model = pickModel(this.#models, settings, factor);
    if (!model) throw new SenmeiError('model-unavailable', 'There is no model for these settings; choose others.');
    return { upscaler: await orAbort(this.#hold(model.id, settings.provider), signal), title: model.title };
  }

  /** Lets go of an Upscaler whose engine has died; the next wish starts a new one. */
  async renounce() {
    const dead = [this.#wanted, this.#loaded];
    this.#wanted = null;
    this.#loaded = null;
    this.loads = 'engine';
    await Promise.all(dead.map(letGo));
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
   * What computes, and why.
   *
   * @returns {Promise<import('./senmei.js').EngineReport | null>} null while nothing is loaded
   */
  async report() {
    const upscaler = await this.#loaded?.upscaler;
    // It may be disposed meanwhile; the next one tells.
    return (await upscaler?.engine().catch(() => null)) ?? null;
  }

  /**
   * @param {string} model an id of the catalogue
   * @param {Provider} provider
   * @returns {Promise<Upscaler>}
   */
  #hold(model, provider) {
    if (this.#loaded?.model === model && this.#loaded.provider === provider) {
      this.#turn += 1;
      this.#wanted = this.#loaded;
      // Another one may have failed since.
      this.dispatchEvent(new Event('ready'));
      return this.#loaded.upscaler;
    }
    if (this.#wanted?.model === model && this.#wanted.provider === provider) return this.#wanted.upscaler;
    this.#turn += 1;
    const turn = this.#turn;
    const upscaler = Upscaler.create({
      model,
      provider,
      onProgress: (progress) => {
        if (this.#turn === turn) this.dispatchEvent(new CustomEvent('progress', { detail: progress }));
      },
    });
    const wanted = { model, provider, upscaler };
    this.#wanted = wanted;
    this.#follow(wanted);
    return upscaler;
  }

  /** @param {Held} wanted */
  async #follow(wanted) {
    try {
      await wanted.upscaler;
    } catch (error) {
      if (this.#wanted === wanted) await this.#failed(error, wanted);
      return;
    }
    if (this.#wanted !== wanted) {
      await letGo(wanted);
      return;
    }
    const before = this.#loaded;
    this.#loaded = wanted;
    this.loads = 'model';
    this.dispatchEvent(new Event('ready'));
    await letGo(before);
  }

  /**
   * @param {unknown} error
   * @param {Held} wanted
   */
  async #failed(error, wanted) {
    const code = error instanceof SenmeiError ? error.code : '';
    const isOfProvider = wanted.provider !== 'auto' && PROVIDER_FAILURES.includes(code);
    // An engine that lacks what was wanted of it lives on, and one that lives has something to tell.
    const isAlive = code !== 'engine-failed' || (isOfProvider && (await this.report()) !== null);
    if (this.#wanted !== wanted) return;
    if (isAlive) this.#wanted = this.#loaded;
    else await this.renounce();
    this.dispatchEvent(new CustomEvent(isOfProvider ? 'provider-failed' : 'failed', { detail: error }));
  }
}

/** @param {{ upscaler: Promise<Upscaler> } | null} held */
async function letGo(held) {
  const upscaler = await held?.upscaler.catch(() => null);
  await upscaler?.dispose();
}
