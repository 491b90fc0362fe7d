// What was measured, as lines that can be sent to somebody.

import { machineInWords, wayInWords } from '../engine-words.js';

/**
 * @typedef {import('./device.js').Row} Row
 *
 * @typedef {object} Measured
 * @property {string} model
 * @property {number} side of the square picture in pixels
 * @property {number} repeats
 * @property {Record<'senmei' | 'runtime' | 'pyodide', string>} versions
 * @property {import('../senmei.js').EngineReport} report
 * @property {Row[]} rows
 */

/**
 * @param {Measured} measured
 * @returns {string}
 */
export function reportInLines({ model, side, repeats, versions, report, rows }) {
  const { senmei, runtime, pyodide } = versions;
  const widest = Math.max(...rows.map(({ way }) => wayInWords(way).length));
  return [
    `Senmei ${senmei}, onnxruntime-web ${runtime}, Pyodide ${pyodide}`,
    navigator.userAgent,
    machineInWords(report).replaceAll('\u00a0', ' '),
    `${model}, ${side} × ${side} px, medians of ${repeats}`,
    '',
    ...rows.map(({ way, figures, reason }) => {
      const name = wayInWords(way).padEnd(widest);
      if (!figures) return `${name} ${reason}`;
      const { jobMs, bareMs } = figures;
      const ratio = `${Math.round(jobMs)} ÷ ${Math.round(bareMs)} ms = ${(jobMs / bareMs).toFixed(3)}`;
      return `${name} job ÷ runtime: ${ratio}; ${megapixelSeconds(figures, side)} s/Mpx`;
    }),
    '',
    `Senmei takes ${wayInWords(report)}.`,
  ].join('\n');
}

/**
 * @param {import('./device.js').Figures} figures
 * @param {number} side of the square picture in pixels
 * @returns {string} seconds for a million of its pixels
 */
export function megapixelSeconds({ jobMs }, side) {
  return (jobMs / 1000 / (side ** 2 / 1e6)).toPrecision(3);
}
