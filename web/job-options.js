// From the settings of the page to the model and the options of the JavaScript API.

/**
 * @typedef {import('./settings.js').Settings} Settings
 * @typedef {'gif' | 'apng' | 'webp'} AnimationKind
 *
 * @typedef {object} MovingPicture
 * @property {number} frames
 * @property {AnimationKind} kind
 * @typedef {Awaited<ReturnType<typeof import('./senmei.js').listModels>>[number]} CatalogueEntry
 */

/** The families that the page offers: one that cleans gently, and one that draws anew. */
const GENTLE_FAMILY = 'upconv7';
const REDRAWING_FAMILY = 'realesr-animevideov3';

/**
 * What `Upscaler.upscale` and `Upscaler.plan` are asked for: only options that mean something together.
 *
 * @param {Settings} settings
 * @param {MovingPicture | null} moving where the picture is an animation
 * @returns {import('./options.js').Wanted}
 */
export function optionsFrom(settings, moving) {
  const { strength, tta, metadata } = settings;
  return {
    ...sizeOptions(settings),
    strength: strength / 100,
    tta,
    metadata,
    ...(moving ? animationOptions(settings, moving) : stillOptions(settings)),
  };
}

/**
 * What an animation is written as, or null where it is taken apart.
 *
 * @param {import('./settings.js').AnimationSettings} settings
 * @param {MovingPicture} moving
 * @returns {AnimationKind | null}
 */
export function writtenKind({ way }, { kind }) {
  if (way === 'own') return kind;
  return way === 'gif' || way === 'apng' || way === 'webp' ? way : null;
}

/**
 * @param {Settings} settings
 * @param {MovingPicture} moving
 * @returns {import('./options.js').Wanted}
 */
function animationOptions(settings, moving) {
  const { way, frame, merge, palette, dither, slowShort, lossless, quality } = settings.animation;
  if (way === 'frame') return { ...stillOptions(settings), frames: Math.min(frame, moving.frames) };
  const kind = writtenKind(settings.animation, moving);
  if (!kind) return { frames: way === 'zip' ? 'zip' : 'sheet', format: 'png', merge };
  return {
    format: kind,
    merge,
    ...(kind === 'gif' ? { palette, dither, delays: slowShort ? 'browser' : 'file' } : {}),
    ...(kind === 'webp' ? (lossless ? { lossless } : { quality }) : {}),
    ...(kind === 'apng' && settings.depth === '8' ? { depth: 8 } : {}),
  };
}

/**
 * @param {Settings} settings
 * @returns {import('./options.js').Wanted}
 */
function stillOptions(settings) {
  const { format, quality, lossless } = settings;
  return {
    format,
    ...(format === 'jpeg' ? { quality, subsampling: settings.fullColour ? '4:4:4' : '4:2:0' } : {}),
    ...(format === 'webp' ? (lossless ? { lossless } : { quality }) : {}),
    ...(settings.depth === '8' && (format === 'png' || format === 'tiff') ? { depth: 8 } : {}),
  };
}

/** @param {Settings} settings */
function sizeOptions({ scale, size: { by, factor, width, height } }) {
  if (scale !== 'own') return { scale: Number(scale) };
  switch (by) {
    case 'factor':
      return { scale: factor };
    case 'width':
      return { width };
    case 'height':
      return { height };
    case 'both':
      return { width, height, stretch: true };
  }
}

/**
 * The model that does what the settings ask, or undefined where the catalogue has none.
 *
 * @param {readonly CatalogueEntry[]} models
 * @param {Settings} settings
 * @param {number} factor how much larger the result is
 * @returns {CatalogueEntry | undefined}
 */
export function pickModel(models, { kind, clean }, factor) {
  const family = clean === 'redraw' ? REDRAWING_FAMILY : GENTLE_FAMILY;
  const noise = clean === 'redraw' || clean === 'none' ? null : Number(clean);
  const fitting = models.filter(
    (model) => model.task === 'upscale' && model.content === kind && model.family === family,
  );
  return closest(
    fitting.filter((model) => (model.noise ?? null) === noise),
    factor,
  );
}

/**
 * The smallest model that reaches the factor, else the largest.
 *
 * @param {readonly CatalogueEntry[]} models
 * @param {number} factor
 */
function closest(models, factor) {
  const rising = [...models].sort((one, other) => one.scale - other.scale);
  return rising.find(({ scale }) => scale >= factor) ?? rising.at(-1);
}
