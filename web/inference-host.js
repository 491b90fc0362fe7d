// The page's hands for the engine worker: it makes and ends inference workers, and keeps a text until the next visit.
// Workers are made here and not inside the engine worker because Firefox now and then hangs in a nested `new Worker()`.

/**
 * @typedef {import('./workers/named-error.js').ErrorName} ErrorName
 * @typedef {import('./workers/runtime-builds.js').Provider} Provider
 */

const REMEMBERED = 'senmei.rungs';

export class InferenceHost {
  /** @type {Map<string, Worker>} */
  #workers = new Map();
  #onLost;

  /** @param {(name: string, kind: ErrorName, message: string) => void} onLost hears of a worker that stopped by itself */
  constructor(onLost) {
    this.#onLost = onLost;
  }

  /**
   * @param {string} name that no other worker has or had, in any tab
   * @param {Provider} provider
   * @param {number} threads
   * @param {MessagePort} port to the engine worker
   */
  make(name, provider, threads, port) {
    const worker = new Worker(new URL('./workers/inference.js', import.meta.url), { type: 'module', name });
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      this.end(name);
      // Without a message it is the script that did not come.
      this.#onLost(
        name,
        event.message ? 'WorkerLost' : 'Unreachable',
        `The inference worker stopped: ${reasonOf(event)}.`,
      );
    });
    this.#workers.set(name, worker);
    worker.postMessage({ provider, threads, port }, [port]);
  }

  /** @param {string} name */
  end(name) {
    this.#workers.get(name)?.terminate();
    this.#workers.delete(name);
  }

  endAll() {
    for (const name of this.#workers.keys()) this.end(name);
  }

  /** @param {string} text */
  remember(text) {
    try {
      localStorage.setItem(REMEMBERED, text);
    } catch {
      // Where storage is forbidden or full, the next visit measures again.
    }
  }

  /** @returns {string | null} */
  recall() {
    try {
      return localStorage.getItem(REMEMBERED);
    } catch {
      return null;
    }
  }
}

/**
 * @param {ErrorEvent} event of a worker
 * @returns {string}
 */
export function reasonOf(event) {
  return event.message || 'its script cannot be fetched';
}
