// The page that measures this device.

import { ChoiceGroup } from '../elements/choice-group.js';
import { machineInWords, wayInWords } from '../engine-words.js';
import { findElement } from '../find-element.js';
import { listModels, SenmeiError } from '../senmei.js';
import { measureDevice } from './device.js';
import { megapixelSeconds, reportInLines } from './report.js';

/** @typedef {import('./device.js').Card} Card */

const SIDES = [
  { value: '256', label: 'Small', hint: '256 × 256 px.' },
  { value: '512', label: 'Medium', hint: '512 × 512 px.' },
  { value: '1024', label: 'Large', hint: '1024 × 1024 px: minutes on a few cores.' },
];

const REPEATS = ['1', '3', '7'].map((value) => ({ value, label: value }));

const USUAL_MODEL = 'upconv7-anime-2x-n1';

const main = findElement(document, 'main', HTMLElement);
const form = findElement(main, 'form', HTMLFormElement);
const model = findElement(main, 'select', HTMLSelectElement);
const sides = findElement(main, 'choice-group[name=side]', ChoiceGroup);
const repeats = findElement(main, 'choice-group[name=repeats]', ChoiceGroup);
const start = findElement(main, '[data-testid=start]', HTMLButtonElement);
const progress = findElement(main, 'progress', HTMLProgressElement);
const step = findElement(main, '[data-testid=step]', HTMLElement);
const error = findElement(main, '[role=alert]', HTMLElement);
const outcome = findElement(main, '.measured', HTMLElement);
const rows = findElement(main, 'tbody', HTMLElement);
const lines = findElement(main, 'pre', HTMLElement);
const copy = findElement(main, '[data-testid=copy]', HTMLButtonElement);

/** @type {AbortController | null} */
let stopping = null;

/** @param {boolean} isRunning */
function showRunning(isRunning) {
  start.textContent = isRunning ? 'Stop' : 'Measure';
  start.classList.toggle('primary', !isRunning);
  start.classList.toggle('secondary', isRunning);
  findElement(main, 'fieldset', HTMLFieldSetElement).disabled = isRunning;
  progress.hidden = !isRunning;
}

/** @param {string} sentence */
function showError(sentence) {
  error.textContent = sentence;
  error.hidden = !sentence;
}

/**
 * @param {import('./device.js').Row} row
 * @param {number} side
 */
function addRow({ way, figures, reason }, side) {
  const line = document.createElement('tr');
  const name = document.createElement('th');
  name.scope = 'row';
  name.textContent = wayInWords(way);
  line.append(name);
  if (figures) {
    const { jobMs, bareMs } = figures;
    const cells = [`${Math.round(jobMs)} ms`, `${Math.round(bareMs)} ms`, (jobMs / bareMs).toFixed(3)];
    line.append(...[...cells, `${megapixelSeconds(figures, side)} s`].map(cell));
  } else {
    const said = cell(reason ?? '');
    said.colSpan = 4;
    said.className = 'said';
    line.append(said);
  }
  rows.append(line);
}

/** @param {string} text */
function cell(text) {
  const made = document.createElement('td');
  made.textContent = text;
  return made;
}

/** @param {Card} card */
async function measure(card) {
  const side = Number(sides.value);
  const measured = {
    model: card.id,
    side,
    repeats: Number(repeats.value),
    versions: { ...(await versions()), runtime: '' },
    /** @type {import('./device.js').Row[]} */
    rows: [],
  };
  stopping = new AbortController();
  rows.replaceChildren();
  outcome.hidden = true;
  showError('');
  showRunning(true);
  try {
    /** @type {import('../senmei.js').EngineReport | null} */
    let report = null;
    await measureDevice({ card, ...measured }, stopping.signal, {
      onStep: (words, fraction) => {
        step.textContent = words;
        progress.value = fraction;
      },
      onReport: (told) => {
        report = told;
        findElement(main, '.machine', HTMLElement).textContent = machineInWords(told);
      },
      onRuntime: (version) => {
        measured.versions.runtime = version;
      },
      onRow: (row) => {
        measured.rows.push(row);
        addRow(row, side);
        // What is measured can be taken away, also when the rest is stopped.
        if (report) lines.textContent = reportInLines({ ...measured, report });
        outcome.hidden = false;
        copy.textContent = 'Copy';
      },
    });
    step.textContent = 'Done.';
  } catch (thrown) {
    step.textContent = '';
    if (stopping.signal.aborted) step.textContent = 'Stopped.';
    else if (thrown instanceof SenmeiError) showError(thrown.message);
    else throw thrown;
  } finally {
    stopping = null;
    showRunning(false);
  }
}

async function copyLines() {
  try {
    await navigator.clipboard.writeText(lines.textContent ?? '');
    copy.textContent = 'Copied';
  } catch {
    showError('The browser did not let the lines into the clipboard; select them and copy them.');
  }
}

/** @returns {Promise<{ senmei: string, pyodide: string }>} */
async function versions() {
  const [site, lock] = await Promise.all(
    ['../site.json', '../vendor/pyodide/pyodide-lock.json'].map(async (path) => {
      const response = await fetch(new URL(path, import.meta.url));
      return response.json();
    }),
  );
  return { senmei: site.version, pyodide: lock.info.version };
}

async function open() {
  sides.choices = SIDES;
  sides.value = '512';
  repeats.choices = REPEATS;
  repeats.value = '3';
  showRunning(false);
  const cards = /** @type {Card[]} */ (await listModels());
  model.replaceChildren(...cards.map(({ id, title }) => new Option(title, id, false, id === USUAL_MODEL)));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const card = cards.find(({ id }) => id === model.value);
    if (stopping) stopping.abort();
    else if (card) measure(card);
  });
  // Only pages that came safely have one.
  copy.hidden = !navigator.clipboard?.writeText;
  copy.addEventListener('click', copyLines);
  start.disabled = false;
}

open().catch((thrown) => {
  if (!(thrown instanceof SenmeiError)) throw thrown;
  showError(thrown.message);
});
