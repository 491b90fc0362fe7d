// The words that the page offers, and what each means.

/** @typedef {import('./elements/choice-group.js').Choice} Choice */

export const KINDS = /** @type {const} */ ([
  { value: 'drawing', label: 'Drawing', hint: 'Lines and flat colours: anime, comics.' },
  { value: 'photo', label: 'Photo', hint: 'Photographs, and paintings like them.' },
]);

/** `own` is a factor or a size of the user's own. */
export const SCALES = /** @type {const} */ ([
  { value: '1', label: '1×' },
  { value: '2', label: '2×' },
  { value: '3', label: '3×' },
  { value: '4', label: '4×' },
  { value: 'own', label: 'Other' },
]);

export const CLEAN_UPS = /** @type {const} */ ([
  { value: 'none', label: 'None', hint: 'Only enlarges; for pictures that are clean already.' },
  { value: '0', label: 'Minimal', hint: 'Hardly touches the picture; for the best JPEGs.' },
  { value: '1', label: 'Light', hint: 'Takes away the usual JPEG noise. Right for most pictures.' },
  { value: '2', label: 'Medium', hint: 'For pictures saved several times or squeezed hard.' },
  { value: '3', label: 'Strong', hint: 'For very noisy pictures; fine texture may go too.' },
  { value: 'redraw', label: 'Redraw', hint: 'Draws every line anew: the crispest, the least faithful.' },
]);

export const FORMATS = /** @type {const} */ ([
  { value: 'png', label: 'PNG', hint: 'Exact: every pixel as it was made.' },
  { value: 'jpeg', label: 'JPEG', hint: 'Small, and opens everywhere; no transparency.' },
  { value: 'webp', label: 'WebP', hint: 'Smaller than JPEG at the same quality.' },
  { value: 'tiff', label: 'TIFF', hint: 'Exact; for print and for further work.' },
]);

export const DEPTHS = /** @type {const} */ ([
  { value: 'keep', label: '16 bit', hint: 'As fine as the picture that you chose.' },
  { value: '8', label: '8 bit', hint: 'Half the file; fine gradients may show steps.' },
]);

export const METADATA = /** @type {const} */ ([
  { value: 'keep', label: 'Keep', hint: 'Camera data, descriptions and resolution stay.' },
  { value: 'strip', label: 'Remove', hint: 'Only the colour profile stays, so that colours look right.' },
]);

/** What computes. */
export const PROVIDERS = /** @type {const} */ ([
  { value: 'auto', label: 'Automatic', hint: 'The fastest that computes right on this device.' },
  { value: 'webgpu', label: 'GPU', hint: 'Always the graphics card, through WebGPU.' },
  { value: 'wasm', label: 'Processor', hint: 'Always the processor, through WebAssembly.' },
]);

/** What an animation can become; `own` is the kind that the file has. */
export const ANIMATION_WAYS = /** @type {const} */ ([
  { value: 'own', label: 'As it is', hint: '' },
  { value: 'gif', label: 'GIF', hint: 'Moves everywhere; at most 256 colours a frame.' },
  { value: 'apng', label: 'APNG', hint: 'Exact, with soft edges; a larger file.' },
  { value: 'webp', label: 'WebP', hint: 'Exact or small, with soft edges.' },
  { value: 'zip', label: 'ZIP', hint: 'Every frame a PNG, with their times.' },
  { value: 'sheet', label: 'Sheet', hint: 'All frames beside each other in one PNG.' },
  { value: 'frame', label: 'One frame', hint: 'A picture that stands still.' },
]);

export const PALETTES = /** @type {const} */ ([
  { value: 'auto', label: 'Automatic', hint: 'Colours of its own for a frame that needs them.' },
  { value: 'global', label: 'One for all', hint: 'The smallest file; colours stay steady.' },
  { value: 'local', label: 'One a frame', hint: 'The truest colours; a larger file.' },
]);

export const DITHERINGS = /** @type {const} */ ([
  { value: 'none', label: 'None', hint: 'Plain areas; gradients show steps.' },
  { value: 'ordered', label: 'Ordered', hint: 'A fine pattern that keeps still while things move.' },
  { value: 'diffused', label: 'Diffused', hint: 'The finest gradients; a larger file.' },
]);

/**
 * The ways that an animation of this kind can go: its own is called by its name.
 *
 * @param {'gif' | 'apng' | 'webp'} kind
 * @returns {readonly Choice[]}
 */
export function waysFor(kind) {
  return ANIMATION_WAYS.filter(({ value }) => value !== 'own').map((way) =>
    way.value === kind ? { ...way, value: 'own', hint: `As it is. ${way.hint}` } : way,
  );
}

/**
 * The clean-up levels that go with a kind of picture: only drawings can be redrawn.
 *
 * @param {typeof KINDS[number]['value']} kind
 */
export function cleanUpsFor(kind) {
  return kind === 'drawing' ? CLEAN_UPS : CLEAN_UPS.filter(({ value }) => value !== 'redraw');
}
