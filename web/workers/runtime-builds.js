// Which build of onnxruntime-web computes on what. Each is three files of the site, fetched only where it is needed.

/** @typedef {'wasm' | 'webgpu'} Provider */

export const RUNTIME_FOLDER = 'vendor/onnxruntime/';

/** Whether WebAssembly can wait for promises by itself, which makes the GPU's build smaller and faster. */
export const HAS_JSPI = 'Suspending' in WebAssembly;

/**
 * @param {Provider} provider
 * @returns {{ script: string, loader: string, wasm: string }} paths in the site; the script imports the loader, which
 *   fetches the wasm
 */
export function runtimeOf(provider) {
  const [script, core] = buildOf(provider);
  return {
    script: `${RUNTIME_FOLDER}${script}.min.mjs`,
    loader: `${RUNTIME_FOLDER}${core}.mjs`,
    wasm: `${RUNTIME_FOLDER}${core}.wasm`,
  };
}

/** @param {Provider} provider */
function buildOf(provider) {
  if (provider === 'wasm') return ['ort.wasm', 'ort-wasm-simd-threaded'];
  return HAS_JSPI ? ['ort.jspi', 'ort-wasm-simd-threaded.jspi'] : ['ort.webgpu', 'ort-wasm-simd-threaded.asyncify'];
}
