import { findElement } from '../find-element.js';
import { gigabytesInWords, pixelsInWords } from '../words.js';

/** From here on a job is worth a word before it starts. */
const LARGE_MEMORY_BYTES = 700e6;
const LARGE_PIXELS = 100e6;

/**
 * `<plan-line>`: what will come of the picture, and why it cannot where it cannot. Its paragraphs stand in the page.
 *
 * @typedef {import('../result-size.js').PixelSize} PixelSize
 */
export class PlanLine extends HTMLElement {
  /**
   * @param {PixelSize} picture
   * @param {PixelSize | null} result null while it is not known
   * @param {string} [what] is enlarged of an animation, in words
   */
  show({ width, height }, result, what = '') {
    const strong = document.createElement('strong');
    strong.textContent = result ? pixelsInWords(result.width, result.height) : '…';
    const line = findElement(this, '.plan', HTMLElement);
    if (what) line.replaceChildren(`${what} → `, strong);
    else if (result?.width === width && result.height === height) line.replaceChildren(strong, ', the size it has');
    else line.replaceChildren(`${pixelsInWords(width, height)} → `, strong);
  }

  /** The engine is asked anew: what it said before fades, but stays until it answers, so that nothing jumps. */
  wait() {
    this.dataset.waiting = '';
  }

  /** Nothing more is to be said. */
  clear() {
    this.#settle('', '');
  }

  /**
   * Says so where the job is a large one.
   *
   * @param {import('../planning.js').Plan} plan
   * @param {boolean} isStreamed whether the file goes to disk while it is made
   * @param {string} [estimate] a sentence on what else is known of it
   */
  weigh({ targetWidth, targetHeight, memoryBytes }, isStreamed, estimate = '') {
    const isLarge = memoryBytes >= LARGE_MEMORY_BYTES || targetWidth * targetHeight >= LARGE_PIXELS;
    const disk = isStreamed ? '; the file goes to disk while it is made' : '';
    const warning = `A large job: it needs about ${gigabytesInWords(memoryBytes)} of memory${disk}.`;
    this.#settle([isLarge ? warning : '', estimate].filter(Boolean).join(' '), '');
  }

  /** @param {string} sentence why it cannot be done */
  refuse(sentence) {
    this.#settle('', sentence);
  }

  /** Whether the engine's last word on these very settings was no. */
  get refused() {
    return !('waiting' in this.dataset) && !findElement(this, '.plan-refusal', HTMLElement).hidden;
  }

  /**
   * @param {string} note
   * @param {string} refusal
   */
  #settle(note, refusal) {
    delete this.dataset.waiting;
    sayIn(findElement(this, '.plan-note', HTMLElement), note);
    sayIn(findElement(this, '.plan-refusal', HTMLElement), refusal);
  }
}

/**
 * @param {HTMLElement} paragraph
 * @param {string} sentence empty hides it
 */
function sayIn(paragraph, sentence) {
  // A screen reader would say it again.
  if (paragraph.textContent !== sentence) paragraph.textContent = sentence;
  paragraph.hidden = !sentence;
}

customElements.define('plan-line', PlanLine);
