/** So long a pause in typing or sliding ends a change. */
const DELAY_MS = 200;

/**
 * Asks what a job would take, a moment after the last change; only the newest answer is told.
 *
 * Events: `plan` (CustomEvent<Plan>) and `refused` (CustomEvent<unknown>, what was thrown).
 *
 * @typedef {Awaited<ReturnType<import('./senmei.js').Upscaler['plan']>> & { title: string }} Plan title: of the model
 */
export class Planning extends EventTarget {
  #turn = 0;

  /** @param {() => Promise<Plan>} ask */
  async begin(ask) {
    this.#turn += 1;
    const turn = this.#turn;
    await new Promise((resolve) => setTimeout(resolve, DELAY_MS));
    if (turn !== this.#turn) return;
    /** @type {CustomEvent} */
    let answer;
    try {
      answer = new CustomEvent('plan', { detail: await ask() });
    } catch (thrown) {
      answer = new CustomEvent('refused', { detail: thrown });
    }
    if (turn === this.#turn) this.dispatchEvent(answer);
  }

  /** Whatever is under way is told no more. */
  stop() {
    this.#turn += 1;
  }
}
