// UpscalerJS with its slim ESRGAN on TensorFlow.js's WebAssembly backend, as its documentation has it.
import './bench.js';

const PACKAGES = new URL('packages/', import.meta.url).href;

/**
 * Makes this page enlarge with UpscalerJS, once in its life.
 * onEveryCore: with a thread a core (eight at most) instead of what the backend takes by itself. `options`, a global,
 * goes to each `upscale`: patchSize, padding. Answers with the number of threads that compute.
 */
const openUpscalerJs = async (onEveryCore) => {
  tf.wasm.setWasmPaths(`${PACKAGES}@tensorflow/tfjs-backend-wasm/dist/`);
  if (onEveryCore) {
    const cores = navigator.hardwareConcurrency;
    tf.wasm.setThreadsCount(cores);
    // The backend takes no more threads than half the cores that the browser tells of, whatever is set.
    Object.defineProperty(navigator, 'hardwareConcurrency', { value: 2 * cores });
  }
  await tf.setBackend('wasm');
  await tf.ready();
  // Its own definition would fetch the weights from a public host.
  const model = { ...ESRGANSlim2x, path: `${PACKAGES}@upscalerjs/esrgan-slim/models/x2/model.json` };
  const upscaler = new Upscaler({ model });
  await upscaler.ready;
  globalThis.options = {};
  globalThis.enlarge = async () => {
    const url = URL.createObjectURL(new Blob([picture], { type: 'image/png' }));
    const dataUrl = await upscaler.upscale(url, options);
    URL.revokeObjectURL(url);
    return new Uint8Array(await (await fetch(dataUrl)).arrayBuffer());
  };
  return tf.wasm.getThreadsCount();
};

Object.assign(globalThis, { openUpscalerJs });
