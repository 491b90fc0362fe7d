/**
 * What the user chooses, how it is remembered, and which model of the catalogue does it.
 *
 * @typedef {'drawing' | 'photo'} Kind
 * @typedef {'none' | '0' | '1' | '2' | '3' | 'redraw'} CleanUp
 * @typedef {{ kind: Kind, scale: 2 | 3 | 4, clean: CleanUp }} Settings
 * @typedef {Awaited<ReturnType<typeof import('./senmei.js').listModels>>[number]} CatalogueEntry
 */

const STORED_AS = 'senmei.settings';

/** The family that draws anew instead of cleaning gently. */
const REDRAWING_FAMILY = 'realesr-animevideov3';

export const KINDS = /** @type {const} */ ([
  { value: 'drawing', label: 'Drawing', hint: 'Lines and flat colours: anime, comics, illustrations.' },
  { value: 'photo', label: 'Photo', hint: 'Photographs and paintings with soft textures.' },
]);

export const SCALES = /** @type {const} */ ([
  { value: '2', label: '2×' },
  { value: '3', label: '3×' },
  { value: '4', label: '4×' },
]);

export const CLEAN_UPS = /** @type {const} */ ([
  { value: 'none', label: 'None', hint: 'Only enlarges; for pictures that are clean already.' },
  { value: '0', label: 'Slight', hint: 'Hardly touches the picture; for the best JPEGs.' },
  { value: '1', label: 'Light', hint: 'Takes away the usual JPEG noise. Right for most pictures.' },
  { value: '2', label: 'Medium', hint: 'For pictures saved several times or squeezed hard.' },
  { value: '3', label: 'Strong', hint: 'For very noisy pictures; fine texture may go too.' },
  { value: 'redraw', label: 'Redraw', hint: 'Draws every line anew: the crispest, the least faithful.' },
]);

/** @type {Settings} */
const DEFAULTS = { kind: 'drawing', scale: 2, clean: '1' };

/**
 * The clean-up levels that go with a kind of picture: only drawings can be redrawn.
 *
 * @param {Kind} kind
 */
export function cleanUpsFor(kind) {
  return kind === 'drawing' ? CLEAN_UPS : CLEAN_UPS.filter(({ value }) => value !== 'redraw');
}

/**
 * Settings made of the three chosen words; a word that is not offered gives way to the usual one.
 *
 * @param {{ kind?: unknown, scale?: unknown, clean?: unknown }} words
 * @returns {Settings}
 */
export function settingsFrom({ kind: kindWord, scale: scaleWord, clean: cleanWord }) {
  const kind = KINDS.find(({ value }) => value === kindWord)?.value ?? DEFAULTS.kind;
  const scale = SCALES.find(({ value }) => value === String(scaleWord))?.value;
  return {
    kind,
    scale: scale === undefined ? DEFAULTS.scale : /** @type {2 | 3 | 4} */ (Number(scale)),
    clean: cleanUpsFor(kind).find(({ value }) => value === cleanWord)?.value ?? DEFAULTS.clean,
  };
}

/**
 * The settings of last time, or the usual ones.
 *
 * @returns {Settings}
 */
export function recallSettings() {
  try {
    return settingsFrom(JSON.parse(localStorage.getItem(STORED_AS) ?? '{}') ?? {});
  } catch {
    // Storage can be forbidden or hold what another program wrote; the usual settings are right then.
    return DEFAULTS;
  }
}

/** @param {Settings} settings */
export function rememberSettings(settings) {
  try {
    localStorage.setItem(STORED_AS, JSON.stringify(settings));
  } catch {
    // Remembering is a convenience: where storage is forbidden or full, the page works without it.
  }
}

/**
 * The model that does what the settings ask, or undefined where the catalogue has none.
 *
 * @param {readonly CatalogueEntry[]} models
 * @param {Settings} settings
 * @returns {CatalogueEntry | undefined}
 */
export function pickModel(models, { kind, scale, clean }) {
  const fitting = models.filter((model) => model.task === 'upscale' && model.content === kind);
  if (clean === 'redraw') {
    return fitting.find((model) => model.family === REDRAWING_FAMILY && model.scale === scale);
  }
  const noise = clean === 'none' ? null : Number(clean);
  const gentle = fitting.filter((model) => model.family !== REDRAWING_FAMILY && (model.noise ?? null) === noise);
  return gentle.find((model) => model.scale === scale) ?? gentle[0];
}
