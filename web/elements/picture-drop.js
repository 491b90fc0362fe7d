import { findElement } from '../find-element.js';

/**
 * `<picture-drop>`: takes a picture by file choice, by drop or paste anywhere on the page, or the sample.
 *
 * Its label, input and button stand in the page. Fires `picture` (CustomEvent<GivenPicture>), and
 * `refused` (CustomEvent<string>) with a sentence where something without a file was dropped or the sample is missing.
 *
 * @typedef {object} GivenPicture
 * @property {Blob} blob
 * @property {string} name
 * @property {number} count of the files that were given, of which this is the one that is taken
 */
export class PictureDrop extends HTMLElement {
  /** Nested elements each send dragenter and dragleave; the page is left when as many left as were entered. */
  #entered = 0;

  /** Whether what is dragged comes from this page, such as the picture it shows. */
  #isOwn = false;

  connectedCallback() {
    const input = findElement(this, 'input[type=file]', HTMLInputElement);
    input.addEventListener('change', () => {
      this.#take(input.files);
      // The same file chosen again must fire again.
      input.value = '';
    });
    findElement(this, '.sample', HTMLButtonElement).addEventListener('click', () => this.#takeSample());
    window.addEventListener('dragstart', this.#onDragStart);
    window.addEventListener('dragend', this.#onDragEnd);
    window.addEventListener('dragenter', this.#onDragEnter);
    window.addEventListener('dragover', this.#onDragOver);
    window.addEventListener('dragleave', this.#onDragLeave);
    window.addEventListener('drop', this.#onDrop);
    window.addEventListener('paste', this.#onPaste);
  }

  disconnectedCallback() {
    window.removeEventListener('dragstart', this.#onDragStart);
    window.removeEventListener('dragend', this.#onDragEnd);
    window.removeEventListener('dragenter', this.#onDragEnter);
    window.removeEventListener('dragover', this.#onDragOver);
    window.removeEventListener('dragleave', this.#onDragLeave);
    window.removeEventListener('drop', this.#onDrop);
    window.removeEventListener('paste', this.#onPaste);
  }

  #onDragStart = () => {
    this.#isOwn = true;
  };

  #onDragEnd = () => {
    this.#isOwn = false;
  };

  #onDragEnter = () => {
    if (this.#isOwn) return;
    this.#entered += 1;
    document.body.classList.add('dragging');
  };

  /** @param {DragEvent} event */
  #onDragOver = (event) => {
    if (!this.#isTextFor(event.target)) event.preventDefault();
  };

  #onDragLeave = () => {
    if (this.#isOwn) return;
    this.#entered -= 1;
    if (this.#entered <= 0) this.#endDrag();
  };

  /** @param {DragEvent} event */
  #onDrop = (event) => {
    if (this.#isTextFor(event.target)) return;
    event.preventDefault();
    this.#endDrag();
    if (this.#isOwn) return;
    const files = event.dataTransfer?.files;
    if (files?.length) this.#take(files);
    else this.#refuse('That was no file; drop a picture file, or save the picture first and drop it then.');
  };

  /** @param {ClipboardEvent} event */
  #onPaste = (event) => this.#take(event.clipboardData?.files);

  /**
   * Whether words of this page are dragged into one of its fields, which is the browser's to do.
   *
   * @param {EventTarget | null} target
   */
  #isTextFor(target) {
    return this.#isOwn && target instanceof HTMLInputElement;
  }

  #endDrag() {
    this.#entered = 0;
    document.body.classList.remove('dragging');
  }

  /** @param {FileList | null | undefined} files of which the first picture is taken, else the first */
  #take(files) {
    const all = [...(files ?? [])];
    const file = all.find(({ type }) => type.startsWith('image/')) ?? all[0];
    if (file) this.#give({ blob: file, name: file.name, count: all.length });
  }

  async #takeSample() {
    try {
      const response = await fetch('sample.png');
      if (!response.ok) throw new TypeError(response.statusText);
      this.#give({ blob: await response.blob(), name: 'sample.png', count: 1 });
    } catch {
      this.#refuse('The sample picture could not be loaded; choose a picture of your own.');
    }
  }

  /** @param {GivenPicture} given */
  #give(given) {
    this.dispatchEvent(new CustomEvent('picture', { detail: given }));
  }

  /** @param {string} sentence */
  #refuse(sentence) {
    this.dispatchEvent(new CustomEvent('refused', { detail: sentence }));
  }
}

customElements.define('picture-drop', PictureDrop);
