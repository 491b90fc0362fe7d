import {
  ANIMATION_WAYS,
  cleanUpsFor,
  DEPTHS,
  DITHERINGS,
  FORMATS,
  KINDS,
  METADATA,
  PALETTES,
  PROVIDERS,
  SCALES,
} from './choices.js';

/**
 * What the user chooses, and how it is remembered.
 *
 * @typedef {typeof KINDS[number]['value']} Kind
 * @typedef {import('./result-size.js').OwnSize} OwnSize
 *
 * @typedef {object} Settings
 * @property {Kind} kind
 * @property {typeof SCALES[number]['value']} scale
 * @property {OwnSize} size counts where `scale` is 'own'
 * @property {typeof import('./choices.js').CLEAN_UPS[number]['value']} clean
 * @property {number} strength percent
 * @property {boolean} tta
 * @property {typeof FORMATS[number]['value']} format
 * @property {number} quality 1 to 100, of JPEG and lossy WebP
 * @property {boolean} fullColour of JPEG: colours as fine as brightness
 * @property {boolean} lossless of WebP
 * @property {typeof DEPTHS[number]['value']} depth of PNG and TIFF
 * @property {typeof METADATA[number]['value']} metadata
 * @property {typeof PROVIDERS[number]['value']} provider what computes
 * @property {AnimationSettings} animation counts where the picture moves, and then instead of the format of a still
 *
 * @typedef {object} AnimationSettings
 * @property {typeof ANIMATION_WAYS[number]['value']} way
 * @property {number} frame with the way 'frame', counted from 1; the last one where there are fewer
 * @property {typeof PALETTES[number]['value']} palette of GIF
 * @property {typeof DITHERINGS[number]['value']} dither of GIF
 * @property {boolean} slowShort of GIF: delays that browsers lengthen are written so
 * @property {number} quality 1 to 100, of lossy WebP
 * @property {boolean} lossless of WebP
 * @property {boolean} merge equal frames
 */

const SETTINGS_KEY = 'senmei.settings';
const MORE_KEY = 'senmei.more';

/** @type {Settings} */
export const DEFAULTS = {
  kind: 'drawing',
  scale: '2',
  size: { by: 'factor', factor: 1.5, width: Number.NaN, height: Number.NaN },
  clean: '1',
  strength: 100,
  tta: false,
  format: 'png',
  quality: 92,
  fullColour: true,
  lossless: false,
  depth: 'keep',
  metadata: 'keep',
  provider: 'auto',
  animation: {
    way: 'own',
    frame: 1,
    palette: 'auto',
    dither: 'none',
    slowShort: false,
    quality: 90,
    lossless: true,
    merge: false,
  },
};

/**
 * Settings made of what a form or the browser's storage holds; what is not offered gives way to the usual.
 *
 * @param {Partial<Record<keyof Settings, unknown>>} words
 * @returns {Settings}
 */
export function settingsFrom(words) {
  const kind = oneOf(KINDS, words.kind, DEFAULTS.kind);
  return {
    kind,
    scale: oneOf(SCALES, words.scale, DEFAULTS.scale),
    size: sizeFrom(words.size),
    clean: oneOf(cleanUpsFor(kind), words.clean, DEFAULTS.clean),
    strength: within(words.strength, 0, DEFAULTS.strength),
    tta: words.tta === true,
    format: oneOf(FORMATS, words.format, DEFAULTS.format),
    quality: within(words.quality, 1, DEFAULTS.quality),
    fullColour: words.fullColour !== false,
    lossless: words.lossless === true,
    depth: oneOf(DEPTHS, words.depth, DEFAULTS.depth),
    metadata: oneOf(METADATA, words.metadata, DEFAULTS.metadata),
    provider: oneOf(PROVIDERS, words.provider, DEFAULTS.provider),
    animation: animationFrom(words.animation),
  };
}

/**
 * The settings of last time, or the usual ones.
 *
 * @returns {Settings}
 */
export function recallSettings() {
  return settingsFrom(/** @type {{}} */ (recall(SETTINGS_KEY)) ?? {});
}

/** @param {Settings} settings */
export function rememberSettings(settings) {
  remember(SETTINGS_KEY, settings);
}

/** Whether the further settings were open. */
export function recallMore() {
  return recall(MORE_KEY) === true;
}

/** @param {boolean} open */
export function rememberMore(open) {
  remember(MORE_KEY, open);
}

/**
 * @template {string} T
 * @param {readonly { value: T }[]} choices
 * @param {unknown} word
 * @param {T} usual
 * @returns {T}
 */
function oneOf(choices, word, usual) {
  return choices.find(({ value }) => value === String(word))?.value ?? usual;
}

/**
 * @param {unknown} value
 * @param {number} least
 * @param {number} usual
 * @returns {number} a whole number up to 100
 */
function within(value, least, usual) {
  const number = typeof value === 'number' ? Math.round(value) : Number.NaN;
  return number >= least && number <= 100 ? number : usual;
}

/**
 * @param {unknown} value
 * @returns {AnimationSettings}
 */
function animationFrom(value) {
  const words = /** @type {Partial<Record<keyof AnimationSettings, unknown>>} */ (value ?? {});
  const usual = DEFAULTS.animation;
  const frame = Number(words.frame);
  return {
    way: oneOf(ANIMATION_WAYS, words.way, usual.way),
    frame: Number.isInteger(frame) && frame >= 1 ? frame : usual.frame,
    palette: oneOf(PALETTES, words.palette, usual.palette),
    dither: oneOf(DITHERINGS, words.dither, usual.dither),
    slowShort: words.slowShort === true,
    quality: within(words.quality, 1, usual.quality),
    lossless: words.lossless !== false,
    merge: words.merge === true,
  };
}

/**
 * @param {unknown} value
 * @returns {OwnSize}
 */
function sizeFrom(value) {
  const { by, factor, width, height } = /** @type {Partial<OwnSize>} */ (value ?? {});
  if (!['factor', 'width', 'height', 'both'].includes(String(by))) return DEFAULTS.size;
  // Storage turns "not a number" into null.
  return {
    by: /** @type {OwnSize['by']} */ (by),
    factor: Number(factor),
    width: Number(width),
    height: Number(height),
  };
}

/** @param {string} key */
function recall(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? 'null');
  } catch {
    // Storage can be forbidden or hold what another program wrote; the usual is right then.
    return null;
  }
}

/**
 * @param {string} key
 * @param {unknown} value
 */
function remember(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Remembering is a convenience: where storage is forbidden or full, the page works without it.
  }
}
