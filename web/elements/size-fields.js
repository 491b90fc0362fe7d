import { findElement } from '../find-element.js';
import { ownSize } from '../result-size.js';
import { SwitchField } from './switch-field.js';

/**
 * `<size-fields>`: a factor, a width and a height that follow one another, unless the picture is to be stretched.
 *
 * The inputs stand in the page and fire `input`. What is wrong with a number is said beneath.
 *
 * @typedef {import('../result-size.js').OwnSize} OwnSize
 * @typedef {import('../result-size.js').PixelSize} PixelSize
 */
export class SizeFields extends HTMLElement {
  /** @type {OwnSize} */
  #size = { by: 'factor', factor: Number.NaN, width: Number.NaN, height: Number.NaN };

  /** @type {PixelSize | null} */
  #picture = null;

  connectedCallback() {
    this.addEventListener('input', (event) => this.#take(/** @type {HTMLInputElement} */ (event.target)));
  }

  /** What stands in the fields, whether it is right or not. */
  get value() {
    return this.#size;
  }

  set value(value) {
    this.#size = value;
    this.#keepsAspect.checked = value.by !== 'both';
    for (const name of FIELDS) this.#field(name).value = numberInWords(value[name]);
    this.#follow(null);
  }

  /**
   * The picture that the numbers are for.
   *
   * @param {PixelSize} picture
   */
  measure(picture) {
    this.#picture = picture;
    this.#follow(null);
  }

  get #keepsAspect() {
    return findElement(this, 'switch-field', SwitchField);
  }

  /** @param {Field} name */
  #field(name) {
    return findElement(this, `[name=size-${name}]`, HTMLInputElement);
  }

  /** @param {HTMLInputElement} changed */
  #take(changed) {
    const name = FIELDS.find((one) => this.#field(one) === changed) ?? null;
    const linked = this.#keepsAspect.checked;
    const [factor, width, height] = FIELDS.map((one) => numberFrom(this.#field(one).value));
    this.#size = { by: linked ? (name ?? 'width') : 'both', factor, width, height };
    this.#follow(name);
  }

  /**
   * Fills the fields that follow from the others, and says what is wrong.
   *
   * @param {Field | null} typed the field that is being typed in, which is left as it is
   */
  #follow(typed) {
    const { by } = this.#size;
    this.#field('factor').disabled = by === 'both';
    const problem = findElement(this, '.size-problem', HTMLElement);
    const size = this.#picture && ownSize(this.#picture, this.#size);
    problem.textContent = size?.problem ?? '';
    for (const name of FIELDS) {
      const field = this.#field(name);
      const isWrong = size?.problem !== undefined && size.field === name;
      field.setAttribute('aria-invalid', String(isWrong));
      if (name === by || name === typed || (by === 'both' && name !== 'factor')) continue;
      field.value = numberInWords(this.#following(name, size));
      this.#size = { ...this.#size, [name]: numberFrom(field.value) };
    }
  }

  /**
   * @param {Field} name
   * @param {ReturnType<typeof ownSize> | null} size
   */
  #following(name, size) {
    if (!this.#picture || !size || size.problem !== undefined) return Number.NaN;
    if (name !== 'factor') return size[name];
    return this.#size.by === 'both' ? Number.NaN : Math.round((1000 * size.width) / this.#picture.width) / 1000;
  }
}

/** @typedef {typeof FIELDS[number]} Field */
const FIELDS = /** @type {const} */ (['factor', 'width', 'height']);

/**
 * @param {string} text with a decimal point or comma
 * @returns {number} not a number where it is none
 */
function numberFrom(text) {
  const trimmed = text.trim().replace(',', '.');
  return trimmed ? Number(trimmed) : Number.NaN;
}

/** @param {number} value */
function numberInWords(value) {
  return value > 0 ? String(value) : '';
}

customElements.define('size-fields', SizeFields);
