// A worker that crashes or is ended tells nobody. One that holds a Web Lock under a name of its own loses it at that
// moment, and whoever waits for the lock hears of it. Locks are there in secure contexts only; elsewhere nobody hears.

/**
 * Holds the lock as long as this worker lives.
 * @param {string} name
 * @returns {Promise<void>} resolves when it is held, or cannot be
 */
export async function holdForLife(name) {
  await new Promise((resolve) => {
    if (!navigator.locks) resolve(null);
    // Storage can be forbidden, and locks with it.
    else navigator.locks.request(name, () => never(resolve)).catch(resolve);
  });
}

/**
 * Calls once the worker that holds the lock is gone, and never where there are no locks.
 * @param {string} name
 * @param {() => void} onGone
 */
export function hearOfDeath(name, onGone) {
  navigator.locks?.request(name, onGone).catch(() => undefined);
}

/**
 * @param {(value: null) => void} onHeld
 * @returns {Promise<never>}
 */
function never(onHeld) {
  onHeld(null);
  return new Promise(() => undefined);
}
