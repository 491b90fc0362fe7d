// What the page tells of the engine: its line at the top, and the panel behind it.

import { EnginePanel } from './elements/engine-panel.js';
import { EngineStatus } from './elements/engine-status.js';
import { findElement } from './find-element.js';

/** So often an open panel asks: what computes may change while a picture is enlarged. */
const PERIOD_MS = 1000;

export const engine = findElement(document, 'engine-status', EngineStatus);
export const enginePanel = findElement(document, 'engine-panel', EnginePanel);

/**
 * Keeps the panel true while it is open.
 *
 * @param {import('./model-holder.js').ModelHolder} holder
 */
export function keepPanelTrue(holder) {
  const show = async () => {
    const report = await holder.report();
    if (report) enginePanel.show(report);
  };
  let isAsking = false;
  enginePanel.addEventListener('open', async () => {
    if (isAsking) return;
    isAsking = true;
    while (enginePanel.isOpen) {
      await show();
      await new Promise((resolve) => setTimeout(resolve, PERIOD_MS));
    }
    isAsking = false;
  });
}
