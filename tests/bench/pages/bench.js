// What the benchmarks call in a page beside the site's. A page that enlarges has `picture`, the bytes of a PNG, and
// `enlarge`, which makes the bytes of a larger one of it.

/** A worker that is told to do something, and its answer. */
const answered = (worker, message) =>
  new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
    if (message) worker.postMessage(message);
  });

/** The milliseconds that some work takes. */
const timed = async (work) => {
  const started = performance.now();
  await work();
  return performance.now() - started;
};

const module = (path) => new Worker(new URL(path, import.meta.url), { type: 'module' });

const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

const base64 = async (data) => {
  const reader = new FileReader();
  await new Promise((resolve) => {
    reader.onload = resolve;
    reader.readAsDataURL(new Blob([data]));
  });
  return reader.result.slice(reader.result.indexOf(',') + 1);
};

/**
 * Makes this page enlarge with Senmei, on the processor, as its rivals do, with one of the model's graphs or
 * whichever it chooses. `upscale` is the same, and answers with the result as Senmei gives it.
 */
const openSenmei = async (model, graph = 'auto') => {
  const { Upscaler } = await import('../senmei.js');
  const up = await Upscaler.create({ model, provider: 'wasm', graph });
  // While it compares its two graphs, neither is measured.
  const isComparing = ({ gain, rungs }) => gain === null && rungs.some((rung) => rung.graph === 'winograd');
  while (graph === 'auto' && isComparing(await up.engine())) await new Promise((resolve) => setTimeout(resolve, 250));
  const upscale = (options) => up.upscale(picture, options);
  const enlarge = async () => {
    const result = await upscale();
    const data = new Uint8Array(await result.blob.arrayBuffer());
    await result.release();
    return data;
  };
  Object.assign(globalThis, { up, upscale, enlarge });
};

/**
 * One job, watched: the cores of its tiles in pixels of the picture, on how many workers of how many threads, with which
 * graph, which share of their time the workers waited between tiles, and the milliseconds before the first tile is begun and after
 * the last one is done.
 */
const watched = async () => {
  const cores = [];
  const started = performance.now();
  let begun = null;
  let done = started;
  const { workers, threads, graph } = await upscale({
    onProgress: ({ stage }) => {
      if (stage === 'infer') begun ??= performance.now();
    },
    onTile: ({ x, y, width, height, imageWidth, sourceWidth }) => {
      const scale = imageWidth / sourceWidth;
      cores.push([x, y, width, height].map((side) => side / scale));
      done = performance.now();
    },
  });
  const ended = performance.now();
  const { idleShare } = await up.engine();
  return { cores, workers, threads, graph, idleShare, headMs: begun - started, tailMs: ended - done };
};

Object.assign(globalThis, { answered, timed, module, bytes, base64, openSenmei, watched, isReady: true });
