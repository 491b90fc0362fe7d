import { findElement } from '../find-element.js';

/** `<lone-view>`: one picture with a word on what it is, where there are no two to compare. Its parts stand in the page. */
export class LoneView extends HTMLElement {
  /**
   * Resolves when it can be seen.
   *
   * @param {string} url
   * @param {string} caption
   */
  async show(url, caption) {
    const image = findElement(this, 'img', HTMLImageElement);
    image.src = url;
    image.alt = caption;
    findElement(this, 'figcaption', HTMLElement).textContent = caption;
    await image.decode();
  }

  clear() {
    findElement(this, 'img', HTMLImageElement).removeAttribute('src');
  }
}

customElements.define('lone-view', LoneView);
