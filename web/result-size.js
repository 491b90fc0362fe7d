/**
 * How large the result becomes, before the engine is asked.
 *
 * @typedef {{ width: number, height: number }} PixelSize
 * @typedef {(PixelSize & { problem?: undefined }) | { problem: string, field: 'factor' | 'width' | 'height' }} SizeOrProblem
 *
 * @typedef {object} OwnSize what of it counts, `by` says; fields left empty are not a number
 * @property {'factor' | 'width' | 'height' | 'both'} by with 'both' the picture is stretched to exactly this size
 * @property {number} factor
 * @property {number} width in pixels
 * @property {number} height in pixels
 */

const LARGEST_FACTOR = 16;

/**
 * @param {PixelSize} picture
 * @param {OwnSize} own
 * @returns {SizeOrProblem}
 */
export function ownSize(picture, own) {
  switch (own.by) {
    case 'factor':
      if (!(own.factor >= 1 && own.factor <= LARGEST_FACTOR)) {
        return { problem: `The factor is a number from 1 to ${LARGEST_FACTOR}.`, field: 'factor' };
      }
      return scaled(picture, own.factor);
    case 'width':
      return sideProblem(picture, own, 'width') ?? { ...scaled(picture, own.width / picture.width), width: own.width };
    case 'height':
      return (
        sideProblem(picture, own, 'height') ?? { ...scaled(picture, own.height / picture.height), height: own.height }
      );
    case 'both':
      return (
        sideProblem(picture, own, 'width') ??
        sideProblem(picture, own, 'height') ?? { width: own.width, height: own.height }
      );
  }
}

/**
 * @param {PixelSize} picture
 * @param {import('./settings.js').Settings} settings
 * @returns {SizeOrProblem}
 */
export function resultSize(picture, { scale, size }) {
  return scale === 'own' ? ownSize(picture, size) : scaled(picture, Number(scale));
}

/**
 * @param {PixelSize} picture
 * @param {number} factor
 * @returns {PixelSize}
 */
function scaled({ width, height }, factor) {
  return { width: Math.max(1, rounded(width * factor)), height: Math.max(1, rounded(height * factor)) };
}

/**
 * @param {PixelSize} picture
 * @param {PixelSize} own
 * @param {'width' | 'height'} side
 */
function sideProblem(picture, own, side) {
  const most = picture[side] * LARGEST_FACTOR;
  if (Number.isInteger(own[side]) && own[side] >= 1 && own[side] <= most) return undefined;
  return { problem: `The ${side} is a whole number of pixels, at most ${most}.`, field: side };
}

/**
 * The nearest whole number, and of two equally near ones the even one: as the engine rounds.
 *
 * @param {number} value
 */
function rounded(value) {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
