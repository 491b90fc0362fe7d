/** Written times may be off by half of a GIF's hundredth of a second. */
const TOLERANCE_MS = 6;

/**
 * Which frame before belongs to a frame after: the same one, unless equal frames were merged or the job ended early; then
 * the one that begins at the same time.
 *
 * @typedef {{ count: number, durationMs: (index: number) => Promise<number> }} TimedFrames
 */
export class FramesInStep {
  /** By the index of the frame after. @type {number[]} */
  #matches = [0];

  /** When the last of them begins, in ms. */
  #startAfter = 0;

  #startBefore = 0;

  /**
   * @param {TimedFrames} before
   * @param {TimedFrames} after
   */
  constructor(before, after) {
    this.before = before;
    this.after = after;
  }

  /**
   * @param {number} index of a frame after
   * @returns {Promise<number>}
   */
  async indexBefore(index) {
    if (this.before.count === this.after.count) return index;
    while (this.#matches.length <= index) await this.#matchNext();
    return this.#matches[index];
  }

  async #matchNext() {
    const last = this.#matches.length - 1;
    let match = this.#matches[last];
    this.#startAfter += await this.after.durationMs(last);
    do {
      if (match === this.before.count - 1) break;
      this.#startBefore += await this.before.durationMs(match);
      match += 1;
    } while (this.#startBefore < this.#startAfter - TOLERANCE_MS);
    this.#matches.push(match);
  }
}
