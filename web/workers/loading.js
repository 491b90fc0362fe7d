// How far the loading of the engine and its models is, for everyone who waits for it.

/**
 * @typedef {{ stage: 'download' | 'start', done: number, total: number, fraction: number, etaMs: number | null }} LoadingProgress
 */

// A compromise that only shapes the bar: on a fast connection starting takes longer than fetching, on a slow one less.
const DOWNLOAD_SHARE = 0.6;

export class Loading {
  /** @type {Map<string, { size: number, received: number }>} */
  #files = new Map();
  #steps = 0;
  #stepsDone = 0;
  /** @type {Set<() => void>} */
  #listeners = new Set();

  /**
   * Files that will be fetched; one that is expected already is not counted twice.
   * @param {Record<string, number>} sizes path → bytes
   */
  expect(sizes) {
    for (const [path, size] of Object.entries(sizes)) {
      this.#files.set(path, { received: 0, ...this.#files.get(path), size });
    }
  }

  /**
   * Whatever of a file has not come is not waited for any more.
   * @param {string} path
   */
  settle(path) {
    const file = this.#files.get(path);
    if (file) file.size = file.received;
  }

  /**
   * @param {string} path
   * @param {number} bytes
   */
  receive(path, bytes) {
    const file = this.#files.get(path);
    if (!file) return;
    file.received = Math.min(file.size, file.received + bytes);
    this.#tell();
  }

  /**
   * One step of starting, done when `work` is, even if it failed.
   * @template T
   * @param {Promise<T>} work
   * @returns {Promise<T>}
   */
  async step(work) {
    this.#steps += 1;
    try {
      return await work;
    } finally {
      this.#stepsDone += 1;
      this.#tell();
    }
  }

  /**
   * Reports what is loaded from now on; what was loaded before does not count.
   * @param {(progress: LoadingProgress) => void} onProgress
   * @returns {() => void} ends the reports
   */
  watch(onProgress) {
    const before = this.#sums();
    const started = performance.now();
    let highest = 0;
    const listener = () => {
      const now = this.#sums();
      const bytes = { done: now.received - before.received, total: now.size - before.received };
      const steps = { done: now.stepsDone - before.stepsDone, total: now.steps - before.stepsDone };
      const isDownloading = bytes.done < bytes.total;
      const share = DOWNLOAD_SHARE * ratio(bytes) + (1 - DOWNLOAD_SHARE) * ratio(steps);
      highest = Math.max(highest, share);
      const elapsed = performance.now() - started;
      onProgress({
        stage: isDownloading ? 'download' : 'start',
        ...(isDownloading ? bytes : steps),
        fraction: highest,
        etaMs: highest > 0.05 ? (elapsed * (1 - highest)) / highest : null,
      });
    };
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell() {
    for (const listener of this.#listeners) listener();
  }

  #sums() {
    let size = 0;
    let received = 0;
    for (const file of this.#files.values()) {
      size += file.size;
      received += file.received;
    }
    return { size, received, steps: this.#steps, stepsDone: this.#stepsDone };
  }
}

/** @param {{ done: number, total: number }} part */
function ratio({ done, total }) {
  return total > 0 ? done / total : 1;
}
