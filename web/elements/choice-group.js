import { findElement } from '../find-element.js';

/**
 * `<choice-group name legend>`: one of a few words, as radio buttons in a row.
 *
 * Fires `change` when the user chooses. Each radio carries data-testid="<name>-<value>".
 *
 * @typedef {{ value: string, label: string, hint?: string }} Choice
 */
export class ChoiceGroup extends HTMLElement {
  /** @type {readonly Choice[]} */
  #choices = [];

  /** @returns {readonly Choice[]} */
  get choices() {
    return this.#choices;
  }

  /** Setting them draws the group anew; the value stays where it is still offered. */
  set choices(choices) {
    const value = this.value;
    this.#choices = choices;
    const fieldset = document.createElement('fieldset');
    const legend = document.createElement('legend');
    legend.textContent = this.getAttribute('legend');
    const segments = document.createElement('div');
    segments.className = 'segments';
    segments.append(...choices.map((choice) => this.#segment(choice)));
    fieldset.append(legend, segments);
    if (choices.some(({ hint }) => hint)) {
      const hint = document.createElement('p');
      hint.className = 'choice-hint';
      hint.id = `${this.getAttribute('name')}-hint`;
      fieldset.setAttribute('aria-describedby', hint.id);
      fieldset.append(hint);
    }
    fieldset.addEventListener('change', () => this.#showHint());
    this.replaceChildren(fieldset);
    this.value = value;
  }

  /** @param {string} words above the choices */
  set legend(words) {
    findElement(this, 'legend', HTMLLegendElement).textContent = words;
  }

  /** @returns {string} the chosen value, or '' */
  get value() {
    const chosen = this.querySelector('input:checked');
    return chosen instanceof HTMLInputElement ? chosen.value : '';
  }

  set value(value) {
    for (const input of this.querySelectorAll('input')) input.checked = input.value === value;
    this.#showHint();
  }

  /** @param {Choice} choice */
  #segment({ value, label }) {
    const name = this.getAttribute('name') ?? '';
    const input = document.createElement('input');
    input.type = 'radio';
    input.name = name;
    input.value = value;
    input.dataset.testid = `${name}-${value}`;
    const word = document.createElement('span');
    word.textContent = label;
    const segment = document.createElement('label');
    segment.append(input, word);
    return segment;
  }

  #showHint() {
    if (!this.#choices.some(({ hint }) => hint)) return;
    const chosen = this.#choices.find(({ value }) => value === this.value);
    findElement(this, '.choice-hint', HTMLElement).textContent = chosen?.hint ?? '';
  }
}

customElements.define('choice-group', ChoiceGroup);
