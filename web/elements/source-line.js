import { findElement } from '../find-element.js';
import { bytesInWords, durationInWords, framesInWords, pixelsInWords } from '../words.js';

/**
 * `<source-line>`: which picture was chosen, and a button to choose another one (event `another`). Both stand in the page.
 */
export class SourceLine extends HTMLElement {
  connectedCallback() {
    findElement(this, 'button', HTMLButtonElement).addEventListener('click', () => {
      this.dispatchEvent(new Event('another'));
    });
  }

  /**
   * @param {{ name: string, width: number, height: number, depth: number, blob: Blob,
   *   moving: import('../moving-picture.js').Moving | null }} picture depth: bits a sample
   */
  show({ name, width, height, depth, blob, moving }) {
    const words = findElement(this, '.file-name', HTMLElement);
    words.textContent = name;
    // A long name is cut after two lines.
    words.title = name;
    const facts = [pixelsInWords(width, height), bytesInWords(blob.size)];
    if (depth > 8) facts.splice(1, 0, `${depth} bit`);
    if (moving?.durationMs) facts.splice(1, 0, durationInWords(moving.durationMs));
    if (moving) facts.splice(1, 0, framesInWords(moving.frames));
    // A line breaks between two facts, not between a number and its unit.
    findElement(this, '.file-facts', HTMLElement).textContent = facts
      .map((fact) => fact.replaceAll(' ', '\u00a0'))
      .join(' · ');
  }
}

customElements.define('source-line', SourceLine);
