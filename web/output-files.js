// Large results lie in the origin's private file system, in a folder of the page that made them. A page that dies cannot
// clean up, so each holds a lock of its folder's name, and the next one removes the folders that nobody holds.
//
// The page and not its engine holds them: a result outlives the Upscaler that made it.

const ROOT = 'senmei';
const LOCK_PREFIX = 'senmei-output-';

/** @type {Promise<string | null> | null} */
let folder = null;

/**
 * The path of this page's folder in the origin's private file system, which nobody else removes while the page lives. The
 * folder itself is made when a file needs it.
 * @returns {Promise<string | null>} null where the browser has no such place
 */
export function outputFolder() {
  folder ??= claimFolder();
  return folder;
}

/**
 * Removes a finished result's file. What still reads it fails.
 * @param {string} name
 */
export async function removeOutput(name) {
  const path = await outputFolder();
  if (path === null) return;
  try {
    let directory = await navigator.storage.getDirectory();
    for (const part of path.split('/')) directory = await directory.getDirectoryHandle(part);
    await directory.removeEntry(name);
  } catch (error) {
    if (!(error instanceof DOMException && error.name === 'NotFoundError')) throw error;
  }
}

async function claimFolder() {
  // Both are there in secure contexts only.
  if (!navigator.locks || !navigator.storage?.getDirectory) return null;
  const name = crypto.randomUUID();
  await new Promise((resolve, reject) => {
    // Held until the page goes: the promise that would end it never does.
    navigator.locks
      .request(LOCK_PREFIX + name, () => {
        resolve(undefined);
        return new Promise(() => undefined);
      })
      .catch(reject);
  });
  try {
    await removeOrphans();
  } catch {
    // Private windows have the functions and refuse their use.
    return null;
  }
  return `${ROOT}/${name}`;
}

async function removeOrphans() {
  const storage = await navigator.storage.getDirectory();
  const root = await storage.getDirectoryHandle(ROOT, { create: true });
  // In this order: whoever made a folder that is listed held its lock before, and holds it now unless its page is gone.
  const names = [];
  for await (const name of root.keys()) names.push(name);
  const { held = [] } = await navigator.locks.query();
  const living = new Set(held.map((lock) => lock.name));
  const orphans = names.filter((name) => !living.has(LOCK_PREFIX + name));
  // One that another page removes now, or whose dying worker still writes, is left to the next start.
  await Promise.allSettled(orphans.map((name) => root.removeEntry(name, { recursive: true })));
}
