import { findElement } from '../find-element.js';

/**
 * `<switch-field name legend hint>`: something that is on or off. Its checkbox fires `input` and carries
 * data-testid="<name>".
 */
export class SwitchField extends HTMLElement {
  connectedCallback() {
    const name = this.getAttribute('name') ?? '';
    const input = document.createElement('input');
    input.type = 'checkbox';
    input.setAttribute('role', 'switch');
    input.dataset.testid = name;
    const word = document.createElement('span');
    word.textContent = this.getAttribute('legend');
    const label = document.createElement('label');
    label.append(word, input);
    this.replaceChildren(label);
    const sentence = this.getAttribute('hint');
    if (!sentence) return;
    const hint = document.createElement('p');
    hint.className = 'hint';
    hint.id = `${name}-hint`;
    hint.textContent = sentence;
    input.setAttribute('aria-describedby', hint.id);
    this.append(hint);
  }

  get #input() {
    return findElement(this, 'input', HTMLInputElement);
  }

  get checked() {
    return this.#input.checked;
  }

  set checked(checked) {
    this.#input.checked = checked;
  }
}

customElements.define('switch-field', SwitchField);
