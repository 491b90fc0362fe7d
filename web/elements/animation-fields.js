import { DITHERINGS, PALETTES, waysFor } from '../choices.js';
import { findElement } from '../find-element.js';
import { writtenKind } from '../job-options.js';
import { DEFAULTS } from '../settings.js';
import { ChoiceGroup } from './choice-group.js';
import { PercentSlider } from './percent-slider.js';
import { SwitchField } from './switch-field.js';

/**
 * `<animation-fields>`: what an animation is to become. The fields stand in the page.
 *
 * @typedef {import('../settings.js').AnimationSettings} AnimationSettings
 * @typedef {import('../job-options.js').MovingPicture} MovingPicture
 */
export class AnimationFields extends HTMLElement {
  /** @type {MovingPicture} */
  #moving = { frames: 1, kind: 'gif' };

  /** Of several, the way that was chosen last: a picture of that very kind shows it as its own. */
  #way = DEFAULTS.animation.way;

  connectedCallback() {
    this.#choices('way').choices = waysFor(this.#moving.kind);
    this.#choices('palette').choices = PALETTES;
    this.#choices('dither').choices = DITHERINGS;
    this.#choices('way').addEventListener('input', () => {
      this.#way = /** @type {AnimationSettings['way']} */ (this.#choices('way').value);
    });
    // What was typed is counted within the frames that there are; the field then says which it is.
    this.#frame.addEventListener('change', () => {
      this.#frame.value = String(Math.min(this.#typedFrame, this.#moving.frames));
    });
  }

  /** @returns {AnimationSettings} */
  get value() {
    return {
      way: this.#way,
      frame: this.#typedFrame,
      palette: /** @type {AnimationSettings['palette']} */ (this.#choices('palette').value),
      dither: /** @type {AnimationSettings['dither']} */ (this.#choices('dither').value),
      slowShort: this.#switch('slow-short').checked,
      quality: this.#quality.value,
      lossless: this.#switch('animation-lossless').checked,
      merge: this.#switch('merge').checked,
    };
  }

  set value(value) {
    this.#way = value.way;
    this.#frame.value = String(value.frame);
    this.#choices('palette').value = value.palette;
    this.#choices('dither').value = value.dither;
    this.#switch('slow-short').checked = value.slowShort;
    this.#quality.value = value.quality;
    this.#switch('animation-lossless').checked = value.lossless;
    this.#switch('merge').checked = value.merge;
    this.arrange();
  }

  /** @param {MovingPicture} moving the picture that the fields are for */
  measure(moving) {
    if (moving.kind !== this.#moving.kind) this.#choices('way').choices = waysFor(moving.kind);
    this.#moving = moving;
    this.#frame.max = String(moving.frames);
    this.#frame.value = String(Math.min(this.#typedFrame, moving.frames));
    findElement(this, '.frame-count', HTMLElement).textContent = `of ${moving.frames}`;
    this.arrange();
  }

  /** Shows what goes with the way that is chosen. */
  arrange() {
    const kind = writtenKind(this.value, this.#moving);
    this.#choices('way').value = this.#way === this.#moving.kind ? 'own' : this.#way;
    findElement(this, '.frame-row', HTMLElement).hidden = this.#way !== 'frame';
    this.#choices('palette').hidden = kind !== 'gif';
    this.#choices('dither').hidden = kind !== 'gif';
    this.#switch('slow-short').hidden = kind !== 'gif';
    this.#quality.hidden = kind !== 'webp' || this.#switch('animation-lossless').checked;
    this.#switch('animation-lossless').hidden = kind !== 'webp';
    this.#switch('merge').hidden = this.#way === 'frame';
  }

  /** The way in a few words, for where the fields are not seen. */
  get words() {
    const chosen = this.#choices('way');
    const { label } = chosen.choices.find(({ value }) => value === chosen.value) ?? { label: '' };
    if (this.#way === 'frame') return `frame ${this.#frame.value}`;
    return chosen.value === 'own' ? `As it is (${label})` : label;
  }

  get #typedFrame() {
    const typed = Math.round(this.#frame.valueAsNumber);
    return typed >= 1 ? typed : 1;
  }

  get #frame() {
    return findElement(this, '[name=frame]', HTMLInputElement);
  }

  get #quality() {
    return findElement(this, 'percent-slider', PercentSlider);
  }

  /** @param {'way' | 'palette' | 'dither'} name */
  #choices(name) {
    return findElement(this, `choice-group[name=${name}]`, ChoiceGroup);
  }

  /** @param {'slow-short' | 'animation-lossless' | 'merge'} name */
  #switch(name) {
    return findElement(this, `switch-field[name=${name}]`, SwitchField);
  }
}

customElements.define('animation-fields', AnimationFields);
