// The parts of the page that more than one module speaks to.

import { AnimationPlayer } from './elements/animation-player.js';
import { CompareView } from './elements/compare-view.js';
import { JobProgress } from './elements/job-progress.js';
import { LoneView } from './elements/lone-view.js';
import { PictureStage } from './elements/picture-stage.js';
import { ResultPanel } from './elements/result-panel.js';
import { findElement } from './find-element.js';

export const main = findElement(document, 'main', HTMLElement);
export const stage = findElement(main, 'picture-stage', PictureStage);
export const compare = findElement(main, 'compare-view', CompareView);
export const lone = findElement(main, 'lone-view', LoneView);
export const player = findElement(main, 'animation-player', AnimationPlayer);
export const progress = findElement(main, 'job-progress', JobProgress);
export const outcome = findElement(main, 'result-panel', ResultPanel);

const frame = findElement(main, '.stage', HTMLElement);

/**
 * Gives the stage the shape of what it shows; a stretched result has another than its picture.
 *
 * @param {import('./result-size.js').PixelSize} size
 */
export function shapeFrame({ width, height }) {
  frame.style.setProperty('--ratio', String(width / height));
}

/**
 * Tells the stage how large its picture is, so that a tiny one is not blown up.
 *
 * @param {number} width in pixels
 */
export function sizeFrame(width) {
  frame.style.setProperty('--natural-width', `${width}px`);
}
