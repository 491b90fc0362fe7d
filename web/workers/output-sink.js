// Where the bytes of a result go while they are made: memory while they are few, then a file of the origin's private file
// system, or the file that the caller chose.

import { SenmeiError } from '../errors.js';

const MB = 1_000_000;

/** What a result may take of this worker's memory before it moves to disk. */
const KEPT_BYTES = 64 * MB;

/** Where there is no disk to write to: the browser may put a Blob wherever it has room, an array stays in memory. */
const BLOB_BYTES = 8 * MB;

/** Smaller pieces are gathered: each write costs a message to the browser's own process. */
const WRITE_BYTES = 1 * MB;

/**
 * @typedef {{ bytes: Uint8Array<ArrayBuffer>, offset: number }} Patch
 *
 * @typedef {object} OutputSink
 * @property {(chunk: Uint8Array<ArrayBuffer>) => Promise<void>} write the next bytes; the sink keeps the array
 * @property {(bytes: Uint8Array<ArrayBuffer>, offset: number) => Promise<void>} patch takes the place of bytes written before
 * @property {(type: string) => Promise<{ blob: Blob, file: string | null }>} finish the whole, and the name of the file
 *   in the output folder that it needs
 * @property {() => Promise<void>} discard leaves nothing behind; harmless once and again
 */

/**
 * @param {FileSystemFileHandle | string | null} target the caller's file, or the path of a folder in the origin's private
 *   file system, or null where there is none
 * @param {string} name of the file in that folder
 * @returns {Promise<OutputSink>}
 * @throws {SenmeiError} invalid-option when the caller's file cannot be written
 */
export async function openSink(target, name) {
  // Not asked for its class: where there is no file system, as in WebKit without https, that has no name either.
  if (target === null || typeof target === 'string') return new GatheredFile(target, name);
  return ChosenFile.open(target);
}

/** @implements {OutputSink} */
class GatheredFile {
  #folder;
  #name;
  /** @type {Uint8Array<ArrayBuffer>[]} */
  #chunks = [];
  #chunkBytes = 0;
  /** @type {Blob[]} */
  #blobs = [];
  /** @type {PrivateFile | null} */
  #disk = null;
  /** @type {Patch[]} */
  #patches = [];
  #hasOutgrownMemory = false;
  #isDiskFull = false;

  /**
   * @param {string | null} folder
   * @param {string} name
   */
  constructor(folder, name) {
    this.#folder = folder;
    this.#name = name;
  }

  /** @param {Uint8Array<ArrayBuffer>} chunk */
  async write(chunk) {
    this.#chunks.push(chunk);
    this.#chunkBytes += chunk.length;
    if (!this.#hasOutgrownMemory) {
      if (this.#chunkBytes < KEPT_BYTES) return;
      this.#hasOutgrownMemory = true;
      this.#disk = this.#folder === null ? null : await PrivateFile.create(this.#folder, this.#name);
    }
    if (this.#disk && !this.#isDiskFull) {
      if (this.#chunkBytes >= WRITE_BYTES) this.#moveToDisk(this.#disk);
    } else if (this.#chunkBytes >= BLOB_BYTES) {
      this.#moveToBlob();
    }
  }

  /**
   * @param {Uint8Array<ArrayBuffer>} bytes
   * @param {number} offset
   */
  async patch(bytes, offset) {
    this.#patches.push({ bytes, offset });
  }

  /** @param {string} type */
  async finish(type) {
    if (this.#disk && !this.#isDiskFull) this.#moveToDisk(this.#disk);
    const onDisk = this.#disk ? [await this.#disk.close()] : [];
    const whole = new Blob([...onDisk, ...this.#blobs, ...this.#chunks], { type });
    return { blob: patched(whole, this.#patches), file: this.#disk ? this.#name : null };
  }

  async discard() {
    await this.#disk?.remove();
    this.#disk = null;
    this.#blobs = [];
    this.#chunks = [];
  }

  /** @param {PrivateFile} disk */
  #moveToDisk(disk) {
    while (this.#chunks.length > 0) {
      const written = disk.write(this.#chunks[0]);
      this.#chunkBytes -= written;
      if (written < this.#chunks[0].length) {
        this.#chunks[0] = this.#chunks[0].subarray(written);
        this.#isDiskFull = true;
        this.#moveToBlob();
        return;
      }
      this.#chunks.shift();
    }
  }

  #moveToBlob() {
    try {
      this.#blobs.push(new Blob(this.#chunks));
    } catch (error) {
      throw new SenmeiError('too-large', `There is no room for the result: ${reasonOf(error)}`);
    }
    this.#chunks = [];
    this.#chunkBytes = 0;
  }
}

/** A file in the origin's private file system that is written from this worker. */
class PrivateFile {
  #directory;
  #handle;
  #access;
  #size = 0;

  /**
   * @param {FileSystemDirectoryHandle} directory
   * @param {FileSystemFileHandle} handle
   * @param {FileSystemSyncAccessHandle} access
   */
  constructor(directory, handle, access) {
    this.#directory = directory;
    this.#handle = handle;
    this.#access = access;
  }

  /**
   * @param {string} folder
   * @param {string} name
   * @returns {Promise<PrivateFile | null>} null where the browser has no such place, or lends it not: in private windows
   */
  static async create(folder, name) {
    try {
      let directory = await navigator.storage.getDirectory();
      for (const part of folder.split('/')) directory = await directory.getDirectoryHandle(part, { create: true });
      const handle = await directory.getFileHandle(name, { create: true });
      return new PrivateFile(directory, handle, await handle.createSyncAccessHandle());
    } catch {
      return null;
    }
  }

  /**
   * @param {Uint8Array<ArrayBuffer>} bytes
   * @returns {number} how many there was room for
   */
  write(bytes) {
    let done = 0;
    try {
      while (done < bytes.length) {
        // Piece by piece: of one that fails, nobody knows how much was written.
        const piece = bytes.subarray(done, done + WRITE_BYTES);
        const written = this.#access.write(piece, { at: this.#size });
        // Chromium 156 answers 2³² - 8 when the disk is full.
        if (written === 0 || written > piece.length) break;
        done += written;
        this.#size += written;
      }
    } catch {
      // No room, or a disk that fails: what could be written stays, and the caller keeps the rest elsewhere.
    }
    return done;
  }

  /** @returns {Promise<Blob>} what was written */
  async close() {
    this.#access.truncate(this.#size);
    this.#access.flush();
    this.#access.close();
    return this.#handle.getFile();
  }

  async remove() {
    this.#access.close();
    await this.#directory.removeEntry(this.#handle.name);
  }
}

/** The file that the caller chose; until `finish` the browser keeps what was in it. @implements {OutputSink} */
class ChosenFile {
  #handle;
  #stream;
  /** @type {Uint8Array<ArrayBuffer>[]} */
  #chunks = [];
  #chunkBytes = 0;
  #isOpen = true;

  /**
   * @param {FileSystemFileHandle} handle
   * @param {FileSystemWritableFileStream} stream
   */
  constructor(handle, stream) {
    this.#handle = handle;
    this.#stream = stream;
  }

  /** @param {FileSystemFileHandle} handle */
  static async open(handle) {
    if (!handle.createWritable) {
      throw new SenmeiError('invalid-option', 'This browser cannot write to a chosen file; leave out “writeTo”.');
    }
    return new ChosenFile(handle, await writing(handle, () => handle.createWritable()));
  }

  /** @param {Uint8Array<ArrayBuffer>} chunk */
  async write(chunk) {
    this.#chunks.push(chunk);
    this.#chunkBytes += chunk.length;
    if (this.#chunkBytes >= WRITE_BYTES) await this.#writeChunks();
  }

  /**
   * @param {Uint8Array<ArrayBuffer>} bytes
   * @param {number} offset
   */
  async patch(bytes, offset) {
    await this.#writeChunks();
    await writing(this.#handle, () => this.#stream.write({ type: 'write', position: offset, data: bytes }));
  }

  /** @param {string} type */
  async finish(type) {
    await this.#writeChunks();
    const file = await writing(this.#handle, async () => {
      await this.#stream.close();
      this.#isOpen = false;
      return this.#handle.getFile();
    });
    // The browser guesses the type from the name, which the caller chose.
    const blob = file.type === type ? file : new File([file], file.name, { type, lastModified: file.lastModified });
    return { blob, file: null };
  }

  async discard() {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    // A stream that has failed is aborted already and says so.
    await this.#stream.abort().catch(() => undefined);
  }

  async #writeChunks() {
    const whole = new Blob(this.#chunks);
    this.#chunks = [];
    this.#chunkBytes = 0;
    await writing(this.#handle, () => this.#stream.write(whole));
  }
}

/**
 * A blob is made of parts of others, wherever those lie: nothing is read or copied.
 * @param {Blob} whole
 * @param {Patch[]} patches
 */
function patched(whole, patches) {
  return patches.reduce(
    (blob, { bytes, offset }) =>
      new Blob([blob.slice(0, offset), bytes, blob.slice(offset + bytes.length)], { type: blob.type }),
    whole,
  );
}

/**
 * @template T
 * @param {FileSystemFileHandle} handle
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
async function writing(handle, work) {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DOMException && error.name === 'QuotaExceededError') {
      throw new SenmeiError('too-large', `There is not enough room on the disk for “${handle.name}”.`);
    }
    throw new SenmeiError('invalid-option', `“${handle.name}” cannot be written: ${reasonOf(error)}`);
  }
}

/** @param {unknown} error */
function reasonOf(error) {
  return error instanceof Error || error instanceof DOMException ? error.message : String(error);
}
