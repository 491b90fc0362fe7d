/**
 * The element inside `root` that matches `selector`, as the class it must be.
 *
 * @template {Element} T
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} kind
 * @returns {T}
 * @throws {TypeError} where the page holds no such element
 */
export function findElement(root, selector, kind) {
  const found = root.querySelector(selector);
  if (!(found instanceof kind)) {
    throw new TypeError(`The page has no ${kind.name} at ${selector}.`);
  }
  return found;
}
