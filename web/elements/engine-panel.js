import { PROVIDERS } from '../choices.js';
import { arrangementInWords, graphsInWords, machineInWords, rungInWords, wayInWords } from '../engine-words.js';
import { findElement } from '../find-element.js';
import { DEFAULTS } from '../settings.js';
import { durationInWords } from '../words.js';
import { ChoiceGroup } from './choice-group.js';

/**
 * `<engine-panel>`: the status line of the engine, which opens what is known of it, and the choice of what is to compute. Its
 * parts stand in the page.
 *
 * Fires `open` when it is opened, and `provider` when the user chooses.
 *
 * @typedef {import('../senmei.js').EngineReport} EngineReport
 * @typedef {import('../settings.js').Settings['provider']} Provider
 */
export class EnginePanel extends HTMLElement {
  connectedCallback() {
    this.#choice.choices = PROVIDERS;
    this.#choice.addEventListener('change', () => {
      this.#refusal.textContent = '';
      this.dispatchEvent(new Event('provider'));
    });
    this.#details.addEventListener('toggle', () => {
      if (this.isOpen) this.dispatchEvent(new Event('open'));
    });
    this.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || !this.isOpen) return;
      // It would cancel the job as well.
      event.stopPropagation();
      this.#details.open = false;
      findElement(this, 'summary', HTMLElement).focus();
    });
    document.addEventListener('pointerdown', ({ target }) => {
      if (target instanceof Node && !this.contains(target)) this.#details.open = false;
    });
  }

  get isOpen() {
    return this.#details.open;
  }

  /** @returns {Provider} */
  get provider() {
    return /** @type {Provider} */ (this.#choice.value);
  }

  set provider(provider) {
    this.#choice.value = provider;
  }

  /**
   * Goes back to what is usual.
   *
   * @param {string} sentence why the choice cannot be had
   */
  refuse(sentence) {
    this.provider = DEFAULTS.provider;
    this.#refusal.textContent = sentence;
  }

  /** @param {EngineReport} report */
  show(report) {
    findElement(this, '.engine-runs', HTMLElement).textContent = arrangementInWords(report);
    findElement(this, '.engine-machine', HTMLElement).textContent = machineInWords(report);
    fill(findElement(this, '.engine-troubles', HTMLElement), report.troubles.map(sentence));
    fill(findElement(this, '.rungs ul', HTMLElement), report.rungs.map(rungItem));
    findElement(this, '.rungs', HTMLElement).hidden = report.rungs.length === 0;
    findElement(this, '.engine-graphs', HTMLElement).textContent = graphsInWords(report);
  }

  get #details() {
    return findElement(this, 'details', HTMLDetailsElement);
  }

  get #refusal() {
    return findElement(this, '.problem', HTMLElement);
  }

  get #choice() {
    return findElement(this, 'choice-group', ChoiceGroup);
  }
}

/**
 * @param {HTMLElement} list is hidden while it is empty
 * @param {HTMLLIElement[]} items
 */
function fill(list, items) {
  list.hidden = items.length === 0;
  const { textContent } = list;
  // Told anew every second, it would be read out anew.
  if (textContent !== items.map((item) => item.textContent).join('')) list.replaceChildren(...items);
}

/** @param {string} text */
function sentence(text) {
  const item = document.createElement('li');
  item.textContent = text;
  return item;
}

/** @param {import('../senmei.js').Rung} rung */
function rungItem(rung) {
  const item = sentence('');
  item.dataset.state = rung.state;
  const name = document.createElement('strong');
  name.textContent = wayInWords(rung);
  const pace = document.createElement('span');
  pace.textContent = rung.megapixelMs ? durationInWords(rung.megapixelMs) : '';
  const state = document.createElement('p');
  state.textContent = rungInWords(rung);
  item.append(name, ' ', pace, ' ', state);
  return item;
}

customElements.define('engine-panel', EnginePanel);
