// Hears of every byte that this worker fetches from its own site, whoever fetches it: Pyodide and onnxruntime-web load their
// parts by themselves, tell nobody how far they are, and hide in their errors that it was the network that failed.

const siteRoot = new URL('../', import.meta.url).href;

/**
 * Counts from now on, until the returned function is called; that resolves when every byte was heard of.
 * @param {((path: string, bytes: number) => void | Promise<void>) | null} onBytes path relative to the site, and how many more
 *   bytes of it came; of another worker it resolves when that has heard of them
 * @param {(sentence: string) => void} onFailure what could not be fetched, and why
 * @returns {() => Promise<void>}
 */
export function countFetches(onBytes, onFailure) {
  const original = globalThis.fetch;
  /** @type {Promise<void>[]} */
  const counting = [];
  globalThis.fetch = async (input, init) => {
    const response = await original(input, init).catch((error) => {
      onFailure(unreachable(String(input instanceof Request ? input.url : input), 'the connection failed'));
      throw error;
    });
    if (!response.ok) onFailure(unreachable(response.url, `the server answered ${response.status}`));
    if (onBytes && response.ok && response.body && response.url.startsWith(siteRoot)) {
      const path = pathOf(response.url);
      counting.push(count(response.clone(), (bytes) => onBytes(path, bytes)));
    }
    return response;
  };
  return async () => {
    globalThis.fetch = original;
    await Promise.all(counting);
  };
}

/**
 * @param {string} url
 * @param {string} reason
 */
function unreachable(url, reason) {
  return `“${pathOf(url)}” cannot be fetched; ${reason}.`;
}

/** @param {string} url */
function pathOf(url) {
  return url.startsWith(siteRoot) ? url.slice(siteRoot.length) : url;
}

/**
 * @param {Response} response
 * @param {(bytes: number) => void | Promise<void>} onBytes
 */
async function count(response, onBytes) {
  const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
  const heard = [];
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) heard.push(onBytes(part.value.length));
  } catch {
    // Whoever asked for the response gets the same failure and speaks of it.
  }
  // A busy listener would else hear of its end before it has heard of the bytes.
  await Promise.all(heard);
}
