/**
 * A picture in which nothing is flat and nothing is twice, so that every tile has to be computed: the same each time.
 *
 * @param {number} side in pixels
 * @returns {Promise<Blob>} a PNG
 */
export async function testPicture(side) {
  const canvas = document.createElement('canvas');
  canvas.width = side;
  canvas.height = side;
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  const image = pen.createImageData(side, side);
  let state = 1;
  for (let at = 0; at < image.data.length; at += 4) {
    const x = (at / 4) % side;
    const y = Math.floor(at / 4 / side);
    // Park and Miller's.
    state = (state * 48271) % 2147483647;
    const grain = (state % 17) - 8;
    const stroke = (x + 2 * y) % 29 < 2 ? 90 : 0;
    image.data[at] = (255 * x) / side + grain - stroke;
    image.data[at + 1] = (255 * y) / side + grain - stroke;
    image.data[at + 2] = 200 - (255 * x * y) / (side * side) + grain;
    image.data[at + 3] = 255;
  }
  pen.putImageData(image, 0, 0);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('the browser makes no PNG of a canvas'))));
  });
}
