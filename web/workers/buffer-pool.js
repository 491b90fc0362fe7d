// The memory of tiles that were computed, for the tiles to come: most have the same size.

export class BufferPool {
  #mostBytes;
  /** Those given last come last. @type {ArrayBuffer[]} */
  #free = [];
  #freeBytes = 0;

  /** @param {number} mostBytes that are kept while nobody uses them */
  constructor(mostBytes) {
    this.#mostBytes = mostBytes;
  }

  /**
   * @param {number} bytes
   * @returns {ArrayBuffer} holds what was in it before
   */
  take(bytes) {
    const place = this.#free.findLastIndex((buffer) => buffer.byteLength === bytes);
    if (place < 0) return new ArrayBuffer(bytes);
    this.#freeBytes -= bytes;
    return this.#free.splice(place, 1)[0];
  }

  /** @param {ArrayBuffer} buffer */
  give(buffer) {
    this.#free.push(buffer);
    this.#freeBytes += buffer.byteLength;
    while (this.#freeBytes > this.#mostBytes)
      this.#freeBytes -= /** @type {ArrayBuffer} */ (this.#free.shift()).byteLength;
  }
}

/**
 * @param {import('./inference.js').PlainTensors} tensors
 * @returns {ArrayBuffer[]}
 */
export function buffersOf(tensors) {
  return Object.values(tensors).map(({ data }) => /** @type {ArrayBuffer} */ (data.buffer));
}
