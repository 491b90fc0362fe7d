// The browser's own decoder, for the formats that Python's Pillow cannot read. It is used for nothing else: pixels that went
// through a canvas have lost their profile and their depth.
//
// createImageBitmap and not ImageDecoder: in Chromium 156 the latter's frames come unturned where the file says that they
// are to be turned, and with halved colour spread so roughly that pixels are 50 levels off.

/** Read at a time: the bitmap and the result together take enough memory. */
const BAND_PIXELS = 4_000_000;

/**
 * @param {Uint8Array<ArrayBuffer>} data a file
 * @param {string} type its MIME type
 * @returns {Promise<{ width: number, height: number, rgba: Uint8Array<ArrayBuffer> } | null>} upright, in sRGB, not
 *   multiplied by alpha; null when this browser cannot decode it
 */
export async function decodeInBrowser(data, type) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(new Blob([data], { type }), {
      premultiplyAlpha: 'none',
      colorSpaceConversion: 'default',
      imageOrientation: 'from-image',
    });
    return { width: bitmap.width, height: bitmap.height, rgba: readPixels(bitmap) };
  } catch {
    // Browsers give no reason other than that they cannot.
    return null;
  } finally {
    bitmap?.close();
  }
}

/** @param {ImageBitmap} bitmap */
function readPixels(bitmap) {
  const { width, height } = bitmap;
  const rgba = new Uint8Array(width * height * 4);
  const rows = Math.min(height, Math.max(1, Math.floor(BAND_PIXELS / width)));
  const canvas = new OffscreenCanvas(width, rows);
  // A canvas holds colour multiplied by alpha: of 8 bits too little is left under a thin alpha. Browsers that do not know
  // the colour type ignore it.
  const settings = { willReadFrequently: true, colorSpace: 'srgb', colorType: 'float16' };
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext('2d', settings));
  for (let top = 0; top < height; top += rows) {
    context.clearRect(0, 0, width, rows);
    context.drawImage(bitmap, 0, -top);
    const part = context.getImageData(0, 0, width, Math.min(rows, height - top));
    rgba.set(part.data, top * width * 4);
  }
  return rgba;
}
