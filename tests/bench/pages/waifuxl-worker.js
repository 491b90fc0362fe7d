// A page written in JavaScript alone, after WaifuXL: one session with half the cores, chunks of the picture one after
// the other, a canvas before and behind. Kinder to itself than WaifuXL, whose arrays are copied pixel by pixel: what
// takes time here is the network.
import * as ort from '../vendor/onnxruntime/ort.wasm.min.mjs';

const CHUNK = 1024;
const PADDING = 32;

ort.env.wasm.numThreads = Math.min(Math.ceil(navigator.hardwareConcurrency / 2), 16);
ort.env.wasm.wasmPaths = new URL('../vendor/onnxruntime/', import.meta.url).href;
ort.env.logLevel = 'error';

const SESSION = {
  executionProviders: ['wasm'],
  graphOptimizationLevel: 'all',
  enableCpuMemArena: true,
  enableMemPattern: true,
  executionMode: 'sequential',
};

let session;
let scale;

const canvasOf = (width, height) => new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });

const decoded = async (png) => {
  const bitmap = await createImageBitmap(new Blob([png], { type: 'image/png' }));
  const canvas = canvasOf(bitmap.width, bitmap.height);
  canvas.drawImage(bitmap, 0, 0);
  return canvas.getImageData(0, 0, bitmap.width, bitmap.height);
};

/** The part of a picture as the network takes it: (1, height, width, 3), 0 to 1. */
const feeds = ({ data, width }, part) => {
  const values = new Float32Array(part.width * part.height * 3);
  let at = 0;
  for (let y = part.y; y < part.y + part.height; y++) {
    for (let pixel = 4 * (y * width + part.x), end = pixel + 4 * part.width; pixel < end; pixel += 4) {
      values[at++] = data[pixel] / 255;
      values[at++] = data[pixel + 1] / 255;
      values[at++] = data[pixel + 2] / 255;
    }
  }
  return { input: new ort.Tensor('float32', values, [1, part.height, part.width, 3]) };
};

const imageOf = ({ data, dims: [, height, width] }) => {
  const image = new ImageData(width, height);
  for (let from = 0, to = 0; from < data.length; from += 3, to += 4) {
    image.data[to] = 255 * data[from];
    image.data[to + 1] = 255 * data[from + 1];
    image.data[to + 2] = 255 * data[from + 2];
    image.data[to + 3] = 255;
  }
  return image;
};

const enlarge = async (png) => {
  const picture = await decoded(png);
  const { width, height } = picture;
  const result = canvasOf(scale * width, scale * height);
  const chunkWidth = Math.ceil(width / Math.ceil(width / CHUNK));
  const chunkHeight = Math.ceil(height / Math.ceil(height / CHUNK));
  for (let top = 0; top < height; top += chunkHeight) {
    for (let left = 0; left < width; left += chunkWidth) {
      const x = Math.max(0, left - PADDING);
      const y = Math.max(0, top - PADDING);
      const right = Math.min(width, left + chunkWidth + PADDING);
      const bottom = Math.min(height, top + chunkHeight + PADDING);
      const { output } = await session.run(feeds(picture, { x, y, width: right - x, height: bottom - y }));
      const image = imageOf(output);
      const [inX, inY] = [scale * (left - x), scale * (top - y)];
      result.putImageData(image, scale * x, scale * y, inX, inY, scale * chunkWidth, scale * chunkHeight);
    }
  }
  return (await result.canvas.convertToBlob({ type: 'image/png' })).arrayBuffer();
};

addEventListener('message', async ({ data: { model, picture, ...other } }) => {
  if (model) {
    scale = other.scale;
    session = await ort.InferenceSession.create(model, SESSION);
    postMessage(ort.env.wasm.numThreads);
  } else {
    const png = await enlarge(picture);
    postMessage(png, [png]);
  }
});
