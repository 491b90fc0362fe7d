import { findElement } from '../find-element.js';

/**
 * `<animation-player>`: a button that plays and pauses, and a scrubber over the frames. Both stand in the page.
 *
 * @typedef {import('../playback.js').Playback} Playback
 */
export class AnimationPlayer extends HTMLElement {
  /** @type {Playback | null} */
  #playback = null;

  connectedCallback() {
    this.#button.addEventListener('click', () => this.toggle());
    this.#scrubber.addEventListener('input', () => this.#playback?.seek(this.#scrubber.valueAsNumber - 1));
    this.#scrubber.addEventListener('keydown', (event) => {
      if (event.key !== ' ') return;
      event.preventDefault();
      this.toggle();
    });
  }

  get #button() {
    return findElement(this, 'button', HTMLButtonElement);
  }

  get #scrubber() {
    return findElement(this, 'input', HTMLInputElement);
  }

  /** @param {Playback} playback that is steered from now on */
  follow(playback) {
    this.clear();
    this.#playback = playback;
    this.#scrubber.max = String(playback.count);
    playback.addEventListener('change', this.#show);
    this.#show();
    this.hidden = false;
  }

  /** Lets go of what was played. */
  clear() {
    this.hidden = true;
    this.#playback?.removeEventListener('change', this.#show);
    this.#playback = null;
  }

  toggle() {
    if (this.#playback?.isPlaying) this.#playback.pause();
    else this.#playback?.play();
  }

  #show = () => {
    if (!this.#playback) return;
    const { index, count, isPlaying, isEnded } = this.#playback;
    const does = isPlaying ? 'Pause' : isEnded ? 'Play again' : 'Play';
    if (this.#button.ariaLabel !== does) this.#button.ariaLabel = does;
    this.dataset.does = isPlaying ? 'pause' : isEnded ? 'replay' : 'play';
    this.#scrubber.value = String(index + 1);
    this.#scrubber.setAttribute('aria-valuetext', `Frame ${index + 1} of ${count}`);
    this.style.setProperty('--share', String(index / Math.max(1, count - 1)));
    findElement(this, '.frame-number', HTMLElement).textContent = `${index + 1} / ${count}`;
  };
}

customElements.define('animation-player', AnimationPlayer);
