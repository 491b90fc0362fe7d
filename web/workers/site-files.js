// The files of the site that the engine worker fetches or has fetched, and how far they are.

import { countFetches } from './counted-fetch.js';
import { Loading } from './loading.js';
import { namedError } from './named-error.js';

/**
 * @typedef {import('./fleet.js').Supplies} Supplies
 * @typedef {{ files: Record<string, number>, wheel: string, bytecode: string }} SiteList see site.json
 */

export const siteRoot = new URL('../', import.meta.url);

/** @implements {Supplies} */
export class SiteFiles {
  loading = new Loading();

  /** How many fetches have failed, and the sentence of the last one. */
  failures = 0;
  failure = '';

  constructor() {
    countFetches(this.onBytes, this.onUnreachable);
    this.list = this.#list();
    // Told by whoever needs it.
    this.list.catch(() => undefined);
  }

  /**
   * @param {string} path relative to the site
   * @returns {Promise<Response>}
   * @throws {Error} Unreachable
   */
  async fetch(path) {
    const response = await fetch(new URL(path, siteRoot)).catch(() => null);
    if (!response?.ok) throw namedError('Unreachable', this.failure);
    return response;
  }

  /**
   * @param {string} file in models/
   * @returns {Promise<Uint8Array>}
   * @throws {Error} Unreachable
   */
  download = async (file) => {
    const path = `models/${file}`;
    const { files } = await this.list;
    this.loading.expect({ [path]: files[path] });
    const response = await this.fetch(path);
    const bytes = new Uint8Array(await response.arrayBuffer().catch(() => new ArrayBuffer(0)));
    if (bytes.length !== files[path]) {
      this.onUnreachable(`“${path}” came with ${bytes.length} instead of ${files[path]} bytes.`);
      throw namedError('Unreachable', this.failure);
    }
    return bytes;
  };

  /**
   * @param {string | null} path
   * @param {Promise<void>} start of a session, for which it is fetched
   */
  follow = async (path, start) => {
    const step = this.loading.step(start);
    if (path === null) return step;
    this.list.then(({ files }) => this.loading.expect({ [path]: files[path] })).catch(() => undefined);
    return step.finally(() => this.loading.settle(path));
  };

  /**
   * @param {string} path
   * @param {number} bytes
   */
  onBytes = (path, bytes) => this.loading.receive(path, bytes);

  /** @param {string} sentence */
  onUnreachable = (sentence) => {
    this.failures += 1;
    this.failure = sentence;
  };

  async #list() {
    /** @type {SiteList} */
    const list = await (await this.fetch('site.json')).json();
    return list;
  }
}
