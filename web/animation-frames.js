/** Where these bytes stand at the beginning of a file, it can hold an animation of this kind. */
const SIGNATURES = /** @type {const} */ ([
  { type: 'image/gif', kind: 'gif', sign: /^GIF8[79]a/ },
  { type: 'image/png', kind: 'apng', sign: /^\x89PNG\r\n/ },
  { type: 'image/webp', kind: 'webp', sign: /^RIFF.{4}WEBP/s },
]);

/** Decoding all frames only to know their times is worth no more than this. */
const LOOKED_AT_PIXELS = 60e6;

/** A decoder takes its file whole into memory. */
const LARGEST_FILE_BYTES = 200e6;

/**
 * The frames of an animation as the browser decodes them, one at a time, to be looked at. What is enlarged never comes from
 * here.
 */
export class AnimationFrames {
  #decoder;

  /** The frames that are open: at most one and its successor. @type {Map<number, Promise<VideoFrame>>} */
  #held = new Map();

  /** As the file says, as far as they were seen. @type {Map<number, number>} */
  #durationsMs = new Map();

  /**
   * @param {ImageDecoder} decoder
   * @param {VideoFrame} first
   * @param {import('./job-options.js').AnimationKind} kind
   */
  constructor(decoder, first, kind) {
    const track = decoder.tracks.selectedTrack;
    this.#decoder = decoder;
    this.kind = kind;
    this.count = track?.frameCount ?? 1;
    /** How often they play in all; for ever is Infinity. */
    this.plays = (track?.repetitionCount ?? 0) + 1;
    this.width = first.displayWidth;
    this.height = first.displayHeight;
  }

  /**
   * @param {Blob} blob
   * @returns {Promise<AnimationFrames | null>} null where the browser cannot tell frames apart or there is but one
   */
  static async open(blob) {
    const signature = await signatureOf(blob);
    if (!signature || typeof ImageDecoder === 'undefined' || blob.size > LARGEST_FILE_BYTES) return null;
    const { type, kind } = signature;
    /** @type {ImageDecoder | undefined} */
    let decoder;
    try {
      if (!(await ImageDecoder.isTypeSupported(type))) return null;
      decoder = new ImageDecoder({ data: await blob.arrayBuffer(), type, preferAnimation: true });
      await decoder.tracks.ready;
      // Of a still there is nothing more to wait for.
      if (decoder.tracks.selectedTrack?.animated) await decoder.completed;
      if ((decoder.tracks.selectedTrack?.frameCount ?? 1) > 1) {
        const { image } = await decoder.decode({ frameIndex: 0 });
        const frames = new AnimationFrames(decoder, image, kind);
        image.close();
        return frames;
      }
    } catch {
      // What the browser cannot decode, the engine may.
    }
    decoder?.close();
    return null;
  }

  /** What all frames take when they are decoded: Chromium's decoder keeps every one that it was asked for. */
  get memoryBytes() {
    return this.width * this.height * this.count * 4;
  }

  /**
   * @param {number} index
   * @returns {Promise<VideoFrame>} stays good until a third frame is asked for, and is not to be closed
   */
  frame(index) {
    let frame = this.#held.get(index);
    if (!frame) {
      frame = this.#decoded(index);
      this.#held.set(index, frame);
    }
    for (const other of this.#held.keys()) {
      if (other !== index && other !== (index + 1) % this.count) this.#letGo(other);
    }
    return frame;
  }

  /**
   * Begins to decode the frame that comes after this one.
   *
   * @param {number} index
   */
  prepareAfter(index) {
    const next = (index + 1) % this.count;
    if (this.#held.has(next)) return;
    const frame = this.#decoded(next);
    // Told when it is asked for.
    frame.catch(() => undefined);
    this.#held.set(next, frame);
  }

  /**
   * @param {number} index
   * @returns {Promise<number>} as the file says
   */
  async durationMs(index) {
    if (!this.#durationsMs.has(index)) (await this.#decoded(index)).close();
    return this.#durationsMs.get(index) ?? 0;
  }

  /**
   * How long one play takes, as browsers show it.
   *
   * @returns {Promise<number | null>} null where finding out would be much work
   */
  async totalMs() {
    if (this.width * this.height * this.count > LOOKED_AT_PIXELS) return null;
    let total = 0;
    for (let index = 0; index < this.count; index += 1) total += shownMs(await this.durationMs(index));
    return total;
  }

  close() {
    for (const index of this.#held.keys()) this.#letGo(index);
    this.#decoder.close();
  }

  /** @param {number} index */
  async #decoded(index) {
    const { image } = await this.#decoder.decode({ frameIndex: index });
    this.#durationsMs.set(index, (image.duration ?? 0) / 1000);
    return image;
  }

  /** @param {number} index */
  #letGo(index) {
    this.#held.get(index)?.then(
      (frame) => frame.close(),
      () => undefined,
    );
    this.#held.delete(index);
  }
}

/**
 * Browsers show frames that last next to nothing for a tenth of a second.
 *
 * @param {number} durationMs as the file says
 */
export function shownMs(durationMs) {
  return durationMs < 20 ? 100 : durationMs;
}

/** @param {Blob} blob */
async function signatureOf(blob) {
  const head = String.fromCharCode(...new Uint8Array(await blob.slice(0, 12).arrayBuffer()));
  return SIGNATURES.find(({ sign }) => sign.test(head));
}
