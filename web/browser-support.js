/**
 * What this browser lacks for the page, as a sentence; empty where it lacks nothing.
 *
 * @returns {string}
 */
export function missingSupport() {
  if (typeof WebAssembly !== 'object') {
    return 'Senmei needs WebAssembly, which this browser lacks or has switched off; a current browser has it.';
  }
  if (!hasModuleWorkers()) {
    return 'Senmei needs JavaScript modules in workers, which this browser lacks; a current browser has them.';
  }
  return '';
}

/** @returns {boolean} */
function hasModuleWorkers() {
  let asked = false;
  const options = {
    /** @returns {'module'} */
    get type() {
      asked = true;
      return 'module';
    },
  };
  try {
    // The options are read before the address, which is no address: so nothing is started or fetched.
    new Worker('https://[', options).terminate();
  } catch {
    // Expected of every browser; whether the type was asked for is the answer.
  }
  return asked;
}
