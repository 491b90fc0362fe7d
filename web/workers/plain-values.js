// Values from Python, as JavaScript has them.

/**
 * Python's None comes as undefined.
 * @template {object} T
 * @param {T} entries
 * @returns {T}
 */
export function withNulls(entries) {
  return /** @type {T} */ (Object.fromEntries(Object.entries(entries).map(([name, value]) => [name, value ?? null])));
}
