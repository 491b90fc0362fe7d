import { arrangementInWords } from '../engine-words.js';
import { findElement } from '../find-element.js';
import { bytesInWords, durationInWords, framesInWords, pixelsInWords } from '../words.js';

/** @type {Record<string, string>} */
const FORMAT_WORDS = { png: 'PNG', jpeg: 'JPEG', webp: 'WebP', gif: 'GIF', zip: 'ZIP', tiff: 'TIFF', avif: 'AVIF' };

/** Beyond this a browser takes seconds and gigabytes to make a picture of the clipboard. */
const COPIED_PIXELS = 36e6;

/** So long a large result stays on disk after it was let go of. */
const RELEASE_MS = 60_000;

/**
 * `<result-panel>`: what was made, how to keep it, and what was lost on the way. Its parts stand in the page.
 *
 * Fires `copied`, and `copy-failed` where the browser refuses.
 *
 * @typedef {import('../senmei.js').Result} Result
 */
export class ResultPanel extends HTMLElement {
  /** @type {Result | null} */
  #result = null;

  connectedCallback() {
    this.#copy.addEventListener('click', () => this.#copyResult());
  }

  /** @returns {HTMLAnchorElement} */
  get save() {
    return findElement(this, '[data-testid=save]', HTMLAnchorElement);
  }

  get #copy() {
    return findElement(this, '[data-testid=copy]', HTMLButtonElement);
  }

  /**
   * @param {Result} result
   * @param {string} model in words
   * @param {import('../options.js').Wanted['frames'] | null} made what became of an animation; null for one that was none
   */
  show(result, model, made) {
    this.clear();
    this.#result = result;
    const { blob, name, width, height, format, depth, notes, provider, workers, threads, elapsedMs } = result;
    this.save.href = URL.createObjectURL(blob);
    this.save.download = name;
    findElement(this, '.outcome-size', HTMLElement).textContent = [
      ...(made === 'animation' || made === 'zip' ? [framesInWords(result.frames)] : []),
      pixelsInWords(width, height),
    ].join(' · ');
    const isMoving = made === 'animation';
    const kind = `${isMoving && format === 'png' ? 'APNG' : (FORMAT_WORDS[format] ?? format)}${depth > 8 ? `, ${depth} bit` : ''}`;
    findElement(this, '.outcome-facts', HTMLElement).textContent =
      `${kind} · ${bytesInWords(blob.size)} · ${durationInWords(elapsedMs)}`;
    // Without a network it is plain resampling.
    const means =
      provider === 'none' ? ['No network', 'bicubic'] : [model, arrangementInWords({ provider, workers, threads })];
    // What did not move was not computed again.
    if (result.tilesRun < result.tiles) means.push(`${result.tilesRun} of ${result.tiles} tiles computed`);
    findElement(this, '.outcome-model', HTMLElement).textContent = means.join(' · ');
    const list = findElement(this, '.outcome-notes', HTMLElement);
    list.hidden = notes.length === 0;
    list.replaceChildren(...notes.map(listItem));
    this.#copy.hidden =
      format !== 'png' ||
      // The clipboard would hold one frame of it.
      isMoving ||
      width * height > COPIED_PIXELS ||
      typeof ClipboardItem === 'undefined' ||
      !navigator.clipboard?.write;
    this.#copy.textContent = 'Copy';
  }

  /** Of the result that is shown, or null. */
  get size() {
    return this.#result && { width: this.#result.width, height: this.#result.height };
  }

  /** Lets go of the result. */
  clear() {
    if (this.save.href) URL.revokeObjectURL(this.save.href);
    this.save.removeAttribute('href');
    const { release } = this.#result ?? {};
    // Somebody may just have pressed Save, and the browser still copies the file.
    if (release) setTimeout(release, RELEASE_MS);
    this.#result = null;
  }

  async #copyResult() {
    if (!this.#result) return;
    try {
      await navigator.clipboard.write([new ClipboardItem({ 'image/png': this.#result.blob })]);
      this.#copy.textContent = 'Copied';
      this.dispatchEvent(new Event('copied'));
    } catch {
      this.dispatchEvent(new Event('copy-failed'));
    }
  }
}

/** @param {string} sentence */
function listItem(sentence) {
  const item = document.createElement('li');
  item.textContent = sentence;
  return item;
}

customElements.define('result-panel', ResultPanel);
