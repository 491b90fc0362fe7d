// What the page says beside the picture: an error, a notice, and sentences for a screen reader.

import { ErrorLine } from './elements/error-line.js';
import { findElement } from './find-element.js';
import { SenmeiError } from './senmei.js';

const error = findElement(document, 'error-line', ErrorLine);
const notice = findElement(document, '[data-testid=notice]', HTMLElement);
const status = findElement(document, '[data-testid=status]', HTMLElement);

/**
 * Says a sentence to a screen reader.
 *
 * @param {string} sentence
 */
export function announce(sentence) {
  status.textContent = sentence;
}

/**
 * @param {string} sentence shown until the next action
 * @param {() => void} [remedy] what the button beside it does
 */
export function showError(sentence, remedy) {
  error.show(sentence, remedy);
}

/** @param {string} sentence */
export function showNotice(sentence) {
  notice.textContent = sentence;
  notice.hidden = !sentence;
  if (sentence) announce(sentence);
}

export function clearMessages() {
  error.clear();
  showNotice('');
}

/**
 * @param {unknown} thrown
 * @returns {string}
 */
export function sentenceOf(thrown) {
  if (thrown instanceof SenmeiError) return thrown.message;
  // Anything else is a fault of ours: its details belong in the console, where they can be reported from.
  console.error(thrown);
  return 'Something went wrong that should not have; reloading the page may help.';
}
