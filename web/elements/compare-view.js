import '../vendor/img-comparison-slider/index.js';
import { findElement } from '../find-element.js';

/**
 * `<compare-view>`: before and after in one frame with a handle between, for pointer, touch and keyboard.
 *
 * The slider and its two labelled images stand in the page, as do two canvases for what moves. Fires `toggle-play` on the space bar.
 */
export class CompareView extends HTMLElement {
  connectedCallback() {
    const slider = this.#slider;
    // The slider's own keys move it, but it tells a screen reader nothing.
    slider.setAttribute('role', 'slider');
    slider.setAttribute('aria-label', 'Before and after');
    slider.setAttribute('aria-valuemin', '0');
    slider.setAttribute('aria-valuemax', '100');
    slider.addEventListener('slide', () => this.#tellPosition());
    slider.addEventListener('keydown', (event) => {
      if (event.key === ' ') {
        event.preventDefault();
        this.dispatchEvent(new Event('toggle-play'));
      }
      const goal = { Home: 0, End: 100 }[event.key];
      if (goal === undefined) return;
      event.preventDefault();
      this.#moveTo(goal);
    });
    this.#tellPosition();
  }

  /** @returns {HTMLElement & { value: number }} */
  get #slider() {
    return /** @type {HTMLElement & { value: number }} */ (findElement(this, 'img-comparison-slider', HTMLElement));
  }

  /** What animations are played on, once `showMoving` was called. */
  get canvases() {
    const [before, after] = this.querySelectorAll('canvas');
    return { before, after };
  }

  /** Shows what is on the canvases. */
  showMoving() {
    this.#begin({ isMoving: true, isPreview: false });
  }

  /**
   * Shows two pictures; resolves when both can be seen.
   *
   * @param {string} before URL
   * @param {string} after URL
   * @param {{ isPreview: boolean }} how whether the picture after is a small copy of the real one
   */
  async show(before, after, { isPreview }) {
    const images = [...this.querySelectorAll('img')];
    images[0].src = before;
    images[1].src = after;
    this.#begin({ isMoving: false, isPreview });
    await Promise.all(images.map((image) => image.decode()));
  }

  /** Lets go of both pictures. */
  clear() {
    for (const canvas of this.querySelectorAll('canvas')) canvas.width = 0;
    for (const image of this.querySelectorAll('img')) image.removeAttribute('src');
  }

  /** @param {{ isMoving: boolean, isPreview: boolean }} how */
  #begin({ isMoving, isPreview }) {
    for (const image of this.querySelectorAll('img')) image.hidden = isMoving;
    for (const canvas of this.querySelectorAll('canvas')) canvas.hidden = !isMoving;
    findElement(this, '.preview-word', HTMLElement).hidden = !isPreview;
    this.#moveTo(50);
  }

  /** @param {number} percent of the picture that shows the state before */
  #moveTo(percent) {
    this.#slider.value = percent;
    this.#tellPosition();
  }

  #tellPosition() {
    const percent = Math.round(this.#slider.value);
    this.#slider.setAttribute('aria-valuenow', String(percent));
    this.#slider.setAttribute('aria-valuetext', `${percent} % before, ${100 - percent} % after`);
  }
}

customElements.define('compare-view', CompareView);
