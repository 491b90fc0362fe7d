import { cleanUpsFor, DEPTHS, FORMATS, KINDS, METADATA, SCALES } from '../choices.js';
import { findElement } from '../find-element.js';
import { writtenKind } from '../job-options.js';
import { DEFAULTS, recallMore, rememberMore, settingsFrom } from '../settings.js';
import { AnimationFields } from './animation-fields.js';
import { ChoiceGroup } from './choice-group.js';
import { PercentSlider } from './percent-slider.js';
import { SizeFields } from './size-fields.js';
import { SwitchField } from './switch-field.js';

/**
 * `<settings-form>`: everything that can be chosen about a job. The form and its fields stand in the page.
 *
 * Fires `settings` when the user changes something, and `start` when it is sent.
 *
 * @typedef {import('../settings.js').Settings} Settings
 */
export class SettingsForm extends HTMLElement {
  /** Bits a sample of the picture, 8 as long as it is not known. */
  #depth = 8;

  /** @type {import('../job-options.js').MovingPicture | null} */
  #moving = null;

  connectedCallback() {
    this.#choices('kind').choices = KINDS;
    this.#choices('scale').choices = SCALES;
    this.#choices('format').choices = FORMATS;
    this.#choices('depth').choices = DEPTHS;
    this.#choices('metadata').choices = METADATA;
    this.settings = DEFAULTS;
    this.addEventListener('input', () => {
      this.#arrange();
      this.dispatchEvent(new Event('settings'));
    });
    this.addEventListener('submit', (event) => {
      event.preventDefault();
      this.dispatchEvent(new Event('start'));
    });
    const more = findElement(this, 'details', HTMLDetailsElement);
    more.open = recallMore();
    more.addEventListener('toggle', () => rememberMore(more.open));
  }

  /** @returns {Settings} */
  get settings() {
    return settingsFrom({
      kind: this.#choices('kind').value,
      scale: this.#choices('scale').value,
      size: this.#size.value,
      clean: this.#choices('clean').value,
      strength: this.#slider('strength').value,
      tta: this.#switch('tta').checked,
      format: this.#choices('format').value,
      quality: this.#slider('quality').value,
      fullColour: this.#switch('full-colour').checked,
      lossless: this.#switch('lossless').checked,
      depth: this.#choices('depth').value,
      metadata: this.#choices('metadata').value,
      animation: this.#animation.value,
    });
  }

  set settings(settings) {
    for (const name of /** @type {const} */ (['kind', 'scale', 'format', 'depth', 'metadata'])) {
      this.#choices(name).value = settings[name];
    }
    this.#choices('clean').choices = cleanUpsFor(settings.kind);
    this.#choices('clean').value = settings.clean;
    this.#size.value = settings.size;
    this.#slider('strength').value = settings.strength;
    this.#slider('quality').value = settings.quality;
    this.#switch('tta').checked = settings.tta;
    this.#switch('full-colour').checked = settings.fullColour;
    this.#switch('lossless').checked = settings.lossless;
    this.#animation.value = settings.animation;
    this.#arrange();
  }

  /**
   * Tells the form which picture it is for.
   *
   * @param {import('../result-size.js').PixelSize} picture
   */
  measure(picture) {
    this.#size.measure(picture);
    this.deepen(8);
  }

  /** @param {import('../job-options.js').MovingPicture | null} moving where the picture is an animation */
  arrangeFor(moving) {
    this.#moving = moving;
    if (moving) this.#animation.measure(moving);
    this.#arrange();
  }

  /** @param {number} depth bits a sample of the picture */
  deepen(depth) {
    this.#depth = depth;
    this.#arrange();
  }

  /** Shows what goes with what is chosen, and hides the rest. */
  #arrange() {
    const { kind, scale, clean, format, lossless, animation } = this.settings;
    const isStill = !this.#moving || animation.way === 'frame';
    const writesApng = this.#moving && writtenKind(animation, this.#moving) === 'apng';
    const cleanUps = this.#choices('clean');
    if (cleanUps.choices.length !== cleanUpsFor(kind).length) {
      cleanUps.choices = cleanUpsFor(kind);
      cleanUps.value = clean;
    }
    this.#size.hidden = scale !== 'own';
    this.#animation.hidden = !this.#moving;
    this.#animation.arrange();
    this.#choices('format').hidden = !isStill;
    this.#choices('format').legend = this.#moving ? 'Picture format' : 'Save as';
    this.#slider('quality').hidden = !(isStill && (format === 'jpeg' || (format === 'webp' && !lossless)));
    this.#switch('full-colour').hidden = !(isStill && format === 'jpeg');
    this.#switch('lossless').hidden = !(isStill && format === 'webp');
    const holdsDepth = isStill ? format === 'png' || format === 'tiff' : writesApng;
    this.#choices('depth').hidden = this.#depth < 16 || !holdsDepth;
    findElement(this, '.more-facts', HTMLElement).textContent = this.#unusual().join(' · ');
  }

  /** What of the further settings is worth knowing while they are closed. */
  #unusual() {
    const { strength, tta, format, metadata, animation } = this.settings;
    const facts = [];
    if (this.#moving) facts.push(this.#animation.words);
    if (!this.#moving || animation.way === 'frame') facts.push(FORMATS.find(({ value }) => value === format)?.label);
    if (strength !== DEFAULTS.strength) facts.push(`strength ${strength} %`);
    if (tta) facts.push('best quality');
    if (metadata !== DEFAULTS.metadata) facts.push('no metadata');
    return facts;
  }

  get #animation() {
    return findElement(this, 'animation-fields', AnimationFields);
  }

  get #size() {
    return findElement(this, 'size-fields', SizeFields);
  }

  /** @param {'kind' | 'scale' | 'clean' | 'format' | 'depth' | 'metadata'} name */
  #choices(name) {
    return findElement(this, `choice-group[name=${name}]`, ChoiceGroup);
  }

  /** @param {'strength' | 'quality'} name */
  #slider(name) {
    return findElement(this, `percent-slider[name=${name}]`, PercentSlider);
  }

  /** @param {'tta' | 'full-colour' | 'lossless'} name */
  #switch(name) {
    return findElement(this, `switch-field[name=${name}]`, SwitchField);
  }
}

customElements.define('settings-form', SettingsForm);
