/** Every failure that Senmei foresees: a stable `code` for programs and a sentence for people. */
export class SenmeiError extends Error {
  /**
   * @param {string} code 'unsupported-format', 'corrupt-image', 'too-large', 'invalid-option', 'model-unavailable', 'network',
   *   'disposed' or 'engine-failed'
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.name = 'SenmeiError';
    this.code = code;
  }
}

/** What an AbortSignal that fired makes of a call. */
export function abortError() {
  return new DOMException('The job was cancelled.', 'AbortError');
}

/**
 * The promise's value, or an AbortError as soon as the signal fires.
 * @template T
 * @param {Promise<T>} promise
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<T>}
 */
export async function orAbort(promise, signal) {
  if (!signal) return promise;
  if (signal.aborted) {
    promise.catch(() => undefined);
    throw abortError();
  }
  /** @type {() => void} */
  let onAbort = () => undefined;
  const aborted = new Promise((_, reject) => {
    onAbort = () => reject(abortError());
    signal.addEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([promise, /** @type {Promise<never>} */ (aborted)]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
