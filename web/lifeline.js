/**
 * Answers that come only while something lives. They are given up as soon as it is known to be dead.
 *
 * Promise.race with one promise of its death would do the same and keep every answer for as long as it lives.
 */
export class Lifeline {
  /** @type {Set<(reason: Error) => void>} */
  #waiting = new Set();

  /** Why it is cut, once it is. @type {Error | null} */
  reason = null;

  /**
   * The answer, or the reason as soon as the line is cut.
   * @template T
   * @param {PromiseLike<T>} answer
   * @returns {Promise<T>}
   */
  hold(answer) {
    return new Promise((resolve, reject) => {
      if (this.reason) reject(this.reason);
      else this.#waiting.add(reject);
      answer.then(resolve, reject).then(() => this.#waiting.delete(reject));
    });
  }

  /**
   * The first reason stays.
   * @param {Error} reason
   */
  cut(reason) {
    this.reason ??= reason;
    for (const giveUp of this.#waiting) giveUp(this.reason);
    this.#waiting.clear();
  }
}
