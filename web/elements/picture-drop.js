import { findElement } from '../find-element.js';

/**
 * `<picture-drop>`: takes a picture by file choice, by drop or paste anywhere on the page, or the sample.
 *
 * Its label, input and button stand in the page. Fires `picture` (CustomEvent<{ blob: Blob, name: string }>), and
 * `refused` (CustomEvent<string>) with a sentence where something without a file was dropped or the sample is missing.
 */
export class PictureDrop extends HTMLElement {
  /** Nested elements each send dragenter and dragleave; the page is left when as many left as were entered. */
  #entered = 0;

  connectedCallback() {
    const input = findElement(this, 'input[type=file]', HTMLInputElement);
    input.addEventListener('change', () => {
      this.#take(input.files);
      // The same file chosen again must fire again.
      input.value = '';
    });
    findElement(this, '.sample', HTMLButtonElement).addEventListener('click', () => this.#takeSample());
    window.addEventListener('dragenter', this.#onDragEnter);
    window.addEventListener('dragover', this.#onDragOver);
    window.addEventListener('dragleave', this.#onDragLeave);
    window.addEventListener('drop', this.#onDrop);
    window.addEventListener('paste', this.#onPaste);
  }

  disconnectedCallback() {
    window.removeEventListener('dragenter', this.#onDragEnter);
    window.removeEventListener('dragover', this.#onDragOver);
    window.removeEventListener('dragleave', this.#onDragLeave);
    window.removeEventListener('drop', this.#onDrop);
    window.removeEventListener('paste', this.#onPaste);
  }

  #onDragEnter = () => {
    this.#entered += 1;
    document.body.classList.add('dragging');
  };

  /** @param {DragEvent} event */
  #onDragOver = (event) => event.preventDefault();

  #onDragLeave = () => {
    this.#entered -= 1;
    if (this.#entered <= 0) this.#endDrag();
  };

  /** @param {DragEvent} event */
  #onDrop = (event) => {
    event.preventDefault();
    this.#endDrag();
    const files = event.dataTransfer?.files;
    if (files?.length) this.#take(files);
    else this.#refuse('That was no file; drop a picture file, or save the picture first and drop it then.');
  };

  /** @param {ClipboardEvent} event */
  #onPaste = (event) => this.#take(event.clipboardData?.files);

  #endDrag() {
    this.#entered = 0;
    document.body.classList.remove('dragging');
  }

  /** @param {FileList | null | undefined} files of which the first picture is taken, else the first */
  #take(files) {
    const all = [...(files ?? [])];
    const file = all.find(({ type }) => type.startsWith('image/')) ?? all[0];
    if (file) this.#give(file, file.name);
  }

  async #takeSample() {
    try {
      const response = await fetch('sample.png');
      if (!response.ok) throw new TypeError(response.statusText);
      this.#give(await response.blob(), 'sample.png');
    } catch {
      this.#refuse('The sample picture could not be loaded; choose a picture of your own.');
    }
  }

  /**
   * @param {Blob} blob
   * @param {string} name
   */
  #give(blob, name) {
    this.dispatchEvent(new CustomEvent('picture', { detail: { blob, name } }));
  }

  /** @param {string} sentence */
  #refuse(sentence) {
    this.dispatchEvent(new CustomEvent('refused', { detail: sentence }));
  }
}

customElements.define('picture-drop', PictureDrop);
