import { findElement } from '../find-element.js';

/**
 * `<error-line>`: one sentence about what went wrong, and where something can be done about it, a button for it. Both stand
 * in the page.
 */
export class ErrorLine extends HTMLElement {
  /** @type {(() => void) | null} */
  #remedy = null;

  connectedCallback() {
    this.#button.addEventListener('click', () => this.#remedy?.());
  }

  get #button() {
    return findElement(this, 'button', HTMLButtonElement);
  }

  /**
   * @param {string} sentence shown until the next action
   * @param {() => void} [remedy] what the button does; without it there is no button
   */
  show(sentence, remedy) {
    this.#remedy = remedy ?? null;
    this.#button.hidden = !remedy;
    this.hidden = false;
    findElement(this, '[role=alert]', HTMLElement).textContent = sentence;
    this.scrollIntoView({ block: 'nearest' });
  }

  clear() {
    this.hidden = true;
    findElement(this, '[role=alert]', HTMLElement).textContent = '';
  }
}

customElements.define('error-line', ErrorLine);
