import { findElement } from '../find-element.js';

/**
 * `<percent-slider name legend min unit hint>`: a whole number up to 100 on a track, with the number beside its name. Its
 * range input fires `input` and carries data-testid="<name>".
 */
export class PercentSlider extends HTMLElement {
  connectedCallback() {
    const name = this.getAttribute('name') ?? '';
    const input = document.createElement('input');
    input.type = 'range';
    input.id = `${name}-slider`;
    input.min = this.getAttribute('min') ?? '0';
    input.max = '100';
    input.dataset.testid = name;
    input.addEventListener('input', () => this.#showValue());
    const label = document.createElement('label');
    label.htmlFor = input.id;
    label.textContent = this.getAttribute('legend');
    const output = document.createElement('output');
    output.htmlFor.add(input.id);
    const line = document.createElement('p');
    line.className = 'slider-line';
    line.append(label, output);
    this.replaceChildren(line, input);
    const sentence = this.getAttribute('hint');
    if (sentence) {
      const hint = document.createElement('p');
      hint.className = 'hint';
      hint.id = `${name}-hint`;
      hint.textContent = sentence;
      input.setAttribute('aria-describedby', hint.id);
      this.append(hint);
    }
    this.#showValue();
  }

  get #input() {
    return findElement(this, 'input', HTMLInputElement);
  }

  get value() {
    return this.#input.valueAsNumber;
  }

  set value(value) {
    this.#input.value = String(value);
    this.#showValue();
  }

  #showValue() {
    const { value, min } = this.#input;
    const words = `${value}${this.getAttribute('unit') ?? ''}`;
    findElement(this, 'output', HTMLOutputElement).value = words;
    this.#input.setAttribute('aria-valuetext', words);
    this.style.setProperty('--share', String((Number(value) - Number(min)) / (100 - Number(min))));
  }
}

customElements.define('percent-slider', PercentSlider);
