import { shownMs } from './animation-frames.js';
import { FramesInStep } from './frames-in-step.js';

/** Frames are drawn no larger than this: more cannot be seen on a stage. */
const LARGEST_SIDE = 2048;

/**
 * Plays two animations on two canvases in step: both show a frame of the same time, or neither does.
 *
 * The one after tells the time. A frame that takes long to decode holds up both. Fires `change` whenever another frame is
 * shown or it starts, stops or ends.
 *
 * @typedef {import('./animation-frames.js').AnimationFrames} AnimationFrames
 */
export class Playback extends EventTarget {
  #before;
  #after;
  #step;
  #canvases;

  /** The frame that is shown; -1 before the first one is. */
  #index = -1;

  /** The frame that is to be shown. */
  #goal = 0;

  #isDrawing = false;
  #isPlaying = false;
  #isClosed = false;

  /** How often it has played to the end. */
  #played = 0;

  /** When the frame that is shown gives way to the next. */
  #dueMs = 0;

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {AnimationFrames} before
   * @param {AnimationFrames} after
   * @param {{ before: HTMLCanvasElement, after: HTMLCanvasElement }} canvases
   */
  constructor(before, after, canvases) {
    super();
    this.#before = before;
    this.#after = after;
    this.#step = new FramesInStep(before, after);
    this.#canvases = canvases;
    fit(canvases.before, before);
    fit(canvases.after, after);
  }

  get count() {
    return this.#after.count;
  }

  get index() {
    return Math.max(0, this.#index);
  }

  get isPlaying() {
    return this.#isPlaying;
  }

  /** Whether it has played as often as the file wants. */
  get isEnded() {
    return !this.#isPlaying && this.#played >= this.#after.plays;
  }

  /** Shows the first frame; resolves when it can be seen. */
  async begin() {
    await this.#draw();
  }

  play() {
    if (this.#isPlaying) return;
    this.#isPlaying = true;
    if (this.#played >= this.#after.plays) {
      this.#played = 0;
      this.#goal = 0;
    }
    this.#dueMs = performance.now();
    this.#tell();
    if (this.#goal === this.#index) this.#schedule();
    else this.#draw();
  }

  pause() {
    if (!this.#isPlaying) return;
    this.#isPlaying = false;
    clearTimeout(this.#timer);
    this.#tell();
  }

  /**
   * Stops at one frame.
   *
   * @param {number} index
   */
  seek(index) {
    this.pause();
    this.#played = 0;
    this.#goal = index;
    this.#draw();
  }

  /** Lets go of both animations. */
  close() {
    this.#isClosed = true;
    this.pause();
    this.#before.close();
    this.#after.close();
  }

  /** Draws until the goal is shown; of goals that come meanwhile only the last counts. */
  async #draw() {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    try {
      while (this.#goal !== this.#index && !this.#isClosed) {
        const goal = this.#goal;
        await this.#show(goal);
        this.#index = goal;
        this.#tell();
      }
    } catch (error) {
      // Closed while a frame was decoded; anything else stops where it is.
      if (!this.#isClosed) {
        this.#goal = this.#index;
        this.pause();
        throw error;
      }
    } finally {
      this.#isDrawing = false;
    }
    if (this.#isPlaying) this.#schedule();
  }

  /** @param {number} index */
  async #show(index) {
    const indexBefore = await this.#step.indexBefore(index);
    const [before, after] = await Promise.all([this.#before.frame(indexBefore), this.#after.frame(index)]);
    if (this.#isClosed) return;
    paint(this.#canvases.before, before);
    paint(this.#canvases.after, after);
  }

  async #schedule() {
    const index = this.#index;
    const durationMs = await this.#after.durationMs(index);
    if (!this.#isPlaying || index !== this.#index) return;
    const now = performance.now();
    // What was late is not made up for by haste.
    this.#dueMs = Math.max(now, this.#dueMs + shownMs(durationMs));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#advance(), this.#dueMs - now);
    this.#after.prepareAfter(index);
    if (this.#before.count === this.#after.count) this.#before.prepareAfter(index);
  }

  #advance() {
    if (this.#index === this.count - 1) {
      this.#played += 1;
      if (this.#played >= this.#after.plays) {
        this.#isPlaying = false;
        this.#tell();
        return;
      }
    }
    this.#goal = (this.#index + 1) % this.count;
    this.#draw();
  }

  #tell() {
    this.dispatchEvent(new Event('change'));
  }
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {import('./result-size.js').PixelSize} size of what is drawn on it
 */
function fit(canvas, { width, height }) {
  const shrink = Math.min(1, LARGEST_SIDE / Math.max(width, height));
  canvas.width = Math.max(1, Math.round(width * shrink));
  canvas.height = Math.max(1, Math.round(height * shrink));
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {VideoFrame} frame
 */
function paint(canvas, frame) {
  const context = canvas.getContext('2d');
  if (!context) throw new TypeError('This browser gives no canvas to play the animation on.');
  context.imageSmoothingQuality = 'high';
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.drawImage(frame, 0, 0, canvas.width, canvas.height);
}
