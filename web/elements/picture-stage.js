import { findElement } from '../find-element.js';

/** The preview canvas stays below the size every browser can hold, whatever the result's size. */
const LARGEST_SIDE = 2048;

/** For so long half of a frame over half of the one before is not to be seen. */
const PATIENCE_MS = 3000;

/** The waiting background is drawn from so few pixels a side, so that it looks soft beside finished tiles. */
const SOFT_SIDE = 112;

/**
 * `<picture-stage>`: the picture before the job, and during it the softly enlarged picture with finished tiles sharp
 * above it. The image and the canvas stand in the page.
 */
export class PictureStage extends HTMLElement {
  /** One tile at its own size, from which it is scaled into the preview. */
  #tileCanvas = document.createElement('canvas');

  #isPainted = false;

  /** The frame of an animation that is shown in the works. */
  #frame = 0;

  /** When it was turned to. */
  #turnedMs = 0;

  /** Tiles that are not shown yet. @type {import('../senmei.js').Tile[]} */
  #ahead = [];

  get #image() {
    return findElement(this, 'img', HTMLImageElement);
  }

  get #canvas() {
    return findElement(this, 'canvas', HTMLCanvasElement);
  }

  /**
   * @param {string} url of a picture that the browser has decoded before
   * @param {string} name
   */
  show(url, name) {
    this.#image.src = url;
    this.#image.alt = name;
    this.rest();
  }

  /** Goes back to the picture as it is. */
  rest() {
    this.#canvas.hidden = true;
    this.#image.hidden = false;
    this.#tileCanvas.width = 0;
    this.#ahead = [];
  }

  /**
   * Makes the canvas ready for the tiles of a result of this size.
   *
   * @param {{ width: number, height: number }} result in pixels
   */
  begin({ width, height }) {
    const shrink = Math.min(1, LARGEST_SIDE / Math.max(width, height));
    const canvas = this.#canvas;
    canvas.width = Math.max(1, Math.round(width * shrink));
    canvas.height = Math.max(1, Math.round(height * shrink));
    this.#paintSoftly(canvas);
    this.#isPainted = false;
    this.#frame = 0;
    this.#ahead = [];
    canvas.hidden = false;
    this.#image.hidden = true;
  }

  /**
   * What was painted since `begin`, as a file of its own.
   *
   * @returns {Promise<Blob | null>} null where nothing was
   */
  async painted() {
    if (!this.#isPainted) return null;
    return new Promise((resolve) => this.#canvas.toBlob(resolve, 'image/png'));
  }

  /**
   * Turns to another frame of an animation: those before are done.
   *
   * @param {number} frame
   */
  turnTo(frame) {
    if (frame <= this.#frame) return;
    this.#frame = frame;
    this.#turnedMs = performance.now();
    this.#paintUpTo(frame - 1);
  }

  /**
   * Shows one finished tile: of a first frame at once, of a later one that is soon done with all others of its frame.
   *
   * @param {import('../senmei.js').Tile} tile
   */
  paint(tile) {
    this.#ahead.push(tile);
    const isSlow = performance.now() - this.#turnedMs > PATIENCE_MS;
    this.#paintUpTo(this.#frame === 0 || isSlow ? this.#frame : this.#frame - 1);
  }

  /** @param {number} frame */
  #paintUpTo(frame) {
    const tiles = this.#ahead;
    this.#ahead = tiles.filter((tile) => tile.frame > frame);
    for (const tile of tiles) {
      if (tile.frame <= frame) this.#paintTile(tile);
    }
  }

  /** @param {import('../senmei.js').Tile} tile */
  #paintTile({ x, y, width, height, pixels, imageWidth, imageHeight }) {
    const canvas = this.#canvas;
    const context = contextOf(canvas);
    const across = canvas.width / imageWidth;
    const down = canvas.height / imageHeight;
    // Whole edges, shared with the neighbours: fractions would leave faint lines between tiles.
    const left = Math.floor(x * across);
    const top = Math.floor(y * down);
    const right = Math.ceil((x + width) * across);
    const bottom = Math.ceil((y + height) * down);

    this.#tileCanvas.width = width;
    this.#tileCanvas.height = height;
    this.#isPainted = true;
    contextOf(this.#tileCanvas).putImageData(new ImageData(pixels, width, height), 0, 0);
    context.imageSmoothingQuality = 'high';
    context.clearRect(left, top, right - left, bottom - top);
    context.drawImage(this.#tileCanvas, left, top, right - left, bottom - top);
  }

  /** @param {HTMLCanvasElement} canvas */
  #paintSoftly(canvas) {
    const context = contextOf(canvas);
    const shrink = Math.min(1, SOFT_SIDE / Math.max(canvas.width, canvas.height));
    const small = document.createElement('canvas');
    small.width = Math.max(1, Math.round(canvas.width * shrink));
    small.height = Math.max(1, Math.round(canvas.height * shrink));
    const smallContext = contextOf(small);
    smallContext.imageSmoothingQuality = 'high';
    smallContext.drawImage(this.#image, 0, 0, small.width, small.height);
    context.imageSmoothingQuality = 'high';
    context.drawImage(small, 0, 0, canvas.width, canvas.height);
    // A veil in the page's colour over what is painted only: transparent parts stay transparent.
    context.globalCompositeOperation = 'source-atop';
    context.globalAlpha = 0.3;
    context.fillStyle = getComputedStyle(document.body).backgroundColor;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.globalCompositeOperation = 'source-over';
    context.globalAlpha = 1;
  }
}

/**
 * @param {HTMLCanvasElement} canvas
 * @returns {CanvasRenderingContext2D}
 */
function contextOf(canvas) {
  const context = canvas.getContext('2d');
  if (!context) throw new TypeError('This browser gives no canvas to draw the preview on.');
  return context;
}

customElements.define('picture-stage', PictureStage);
