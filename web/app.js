import { missingSupport } from './browser-support.js';
import { ChoiceGroup } from './elements/choice-group.js';
import { CompareView } from './elements/compare-view.js';
import { EngineStatus } from './elements/engine-status.js';
import { JobProgress } from './elements/job-progress.js';
import { PictureDrop } from './elements/picture-drop.js';
import { PictureStage } from './elements/picture-stage.js';
import { orAbort } from './errors.js';
import { findElement } from './find-element.js';
import { ModelHolder } from './model-holder.js';
import { listModels, SenmeiError } from './senmei.js';
import { cleanUpsFor, KINDS, pickModel, recallSettings, rememberSettings, SCALES, settingsFrom } from './settings.js';
import { bytesInWords, durationInWords, pixelsInWords } from './words.js';

/**
 * @typedef {'empty' | 'chosen' | 'working' | 'result'} State
 * @typedef {{ blob: Blob, name: string, url: string, width: number, height: number }} Picture
 */

/** @type {Record<string, string>} */
const PROVIDER_WORDS = { wasm: 'WebAssembly', webgpu: 'WebGPU' };

const main = findElement(document, 'main', HTMLElement);
const stage = findElement(main, 'picture-stage', PictureStage);
const frame = findElement(main, '.stage', HTMLElement);
const compare = findElement(main, 'compare-view', CompareView);
const drop = findElement(main, 'picture-drop', PictureDrop);
const progress = findElement(main, 'job-progress', JobProgress);
const engine = findElement(document, 'engine-status', EngineStatus);
const form = findElement(main, 'form', HTMLFormElement);
const groups = {
  kind: findElement(form, 'choice-group[name=kind]', ChoiceGroup),
  scale: findElement(form, 'choice-group[name=scale]', ChoiceGroup),
  clean: findElement(form, 'choice-group[name=clean]', ChoiceGroup),
};
const start = findElement(form, '[data-testid=start]', HTMLButtonElement);
const save = findElement(main, '[data-testid=save]', HTMLAnchorElement);
const copy = findElement(main, '[data-testid=copy]', HTMLButtonElement);
const error = findElement(main, '[data-testid=error]', HTMLElement);
const notice = findElement(main, '[data-testid=notice]', HTMLElement);
const status = findElement(main, '[data-testid=status]', HTMLElement);

const holder = new ModelHolder();
/** @type {readonly import('./settings.js').CatalogueEntry[]} */
let models = [];
let settings = recallSettings();
/** @type {Picture | null} */
let picture = null;
/** @type {Blob | null} */
let resultBlob = null;
/** @type {AbortController | null} */
let job = null;
/** Counts the pictures given, so that one overtaken while it is decoded is let go. */
let arrivals = 0;

/** @param {State} state */
function enter(state) {
  main.dataset.state = state;
  for (const part of main.querySelectorAll('[data-states]')) {
    if (part instanceof HTMLElement) part.hidden = !part.dataset.states?.split(' ').includes(state);
  }
  start.textContent = state === 'result' ? 'Enlarge again' : 'Enlarge';
}

/**
 * Says a sentence to a screen reader.
 *
 * @param {string} sentence
 */
function announce(sentence) {
  status.textContent = sentence;
}

/** @param {string} sentence shown until the next action; empty hides it */
function showError(sentence) {
  error.textContent = sentence;
  error.hidden = !sentence;
  if (sentence) error.scrollIntoView({ block: 'nearest' });
}

/** @param {string} sentence */
function showNotice(sentence) {
  notice.textContent = sentence;
  notice.hidden = !sentence;
  if (sentence) announce(sentence);
}

/**
 * @param {unknown} thrown
 * @returns {string}
 */
function sentenceOf(thrown) {
  if (thrown instanceof SenmeiError) return thrown.message;
  // Anything else is a fault of ours: its details belong in the console, where they can be reported from.
  console.error(thrown);
  return 'Something went wrong that should not have; reloading the page may help.';
}

/** Puts the settings into the form, says what will come out, and has the model fetched. */
function showSettings() {
  groups.kind.choices = KINDS;
  groups.scale.choices = SCALES;
  groups.clean.choices = cleanUpsFor(settings.kind);
  groups.kind.value = settings.kind;
  groups.scale.value = String(settings.scale);
  groups.clean.value = settings.clean;
  showPlan();
}

function showPlan() {
  if (!picture) return;
  const { width, height } = picture;
  const result = document.createElement('strong');
  result.textContent = pixelsInWords(width * settings.scale, height * settings.scale);
  findElement(form, '.plan', HTMLElement).replaceChildren(`${pixelsInWords(width, height)} → `, result);
}

function prepareModel() {
  const model = pickModel(models, settings);
  if (model) holder.want(model.id);
}

function changeSettings() {
  const kindBefore = settings.kind;
  settings = settingsFrom({ kind: groups.kind.value, scale: groups.scale.value, clean: groups.clean.value });
  rememberSettings(settings);
  if (settings.kind !== kindBefore) {
    groups.clean.choices = cleanUpsFor(settings.kind);
    groups.clean.value = settings.clean;
  }
  showPlan();
  prepareModel();
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
async function takePicture(blob, name) {
  if (job) {
    showNotice('One picture is being enlarged; cancel it first to use another.');
    return;
  }
  showError('');
  showNotice('');
  const arrival = ++arrivals;
  const url = URL.createObjectURL(blob);
  const image = new Image();
  image.src = url;
  try {
    await image.decode();
  } catch {
    URL.revokeObjectURL(url);
    showError(`“${name}” cannot be read as a picture; a PNG, JPEG or WebP file is needed.`);
    return;
  }
  if (job || arrival !== arrivals) {
    URL.revokeObjectURL(url);
    return;
  }
  letGo();
  const { naturalWidth: width, naturalHeight: height } = image;
  picture = { blob, name, url, width, height };
  stage.show(url, name);
  frame.style.setProperty('--ratio', String(width / height));
  frame.style.setProperty('--natural-width', `${width}px`);
  findElement(form, '.file', HTMLElement).textContent =
    `${name} · ${pixelsInWords(width, height)} · ${bytesInWords(blob.size)}`;
  showPlan();
  enter('chosen');
  start.focus({ preventScroll: true });
  announce(`Picture chosen: ${name}, ${width} by ${height} pixels.`);
}

/** Forgets the picture and its result, and frees what they held. */
function letGo() {
  if (picture) URL.revokeObjectURL(picture.url);
  picture = null;
  dropResult();
}

function dropResult() {
  compare.clear();
  if (save.href) URL.revokeObjectURL(save.href);
  save.removeAttribute('href');
  resultBlob = null;
}

async function enlarge() {
  if (!picture || job) return;
  showError('');
  showNotice('');
  const source = picture;
  const { scale } = settings;
  const controller = new AbortController();
  const { signal } = controller;
  job = controller;
  window.addEventListener('beforeunload', warnBeforeLeaving);
  enter('working');
  progress.begin();
  stage.begin({ width: source.width * scale, height: source.height * scale });
  findElement(progress, 'button', HTMLButtonElement).focus({ preventScroll: true });
  announce('Enlarging.');
  let quarter = 0;
  try {
    // Where the list could not be had when the page was opened, this is the next try.
    if (models.length === 0) models = await orAbort(listModels(), signal);
    const model = pickModel(models, settings);
    if (!model) throw new SenmeiError('model-unavailable', 'There is no model for these settings; choose others.');
    const upscaler = await orAbort(holder.want(model.id), signal);
    const result = await upscaler.upscale(source.blob, {
      scale,
      format: 'png',
      signal,
      onProgress: (now) => {
        if (signal.aborted) return;
        progress.show(now);
        document.title = `${Math.floor(now.fraction * 100)} % · Senmei`;
        if (Math.floor(now.fraction * 4) > quarter && now.fraction < 1) {
          quarter = Math.floor(now.fraction * 4);
          announce(`${quarter * 25} % done.`);
        }
      },
      onTile: (tile) => {
        if (!signal.aborted) stage.paint(tile);
      },
    });
    await showResult(source, result, { scale, title: model.title });
  } catch (thrown) {
    enter(resultBlob ? 'result' : 'chosen');
    if (signal.aborted) announce('Cancelled.');
    else showError(sentenceOf(thrown));
    if (thrown instanceof SenmeiError && thrown.code === 'engine-failed') {
      engine.showFailed();
      await holder.renounce();
    }
    start.focus({ preventScroll: true });
  } finally {
    job = null;
    stage.rest();
    showNotice('');
    document.title = '鮮明 Senmei';
    window.removeEventListener('beforeunload', warnBeforeLeaving);
  }
}

/**
 * @param {Picture} source
 * @param {{ blob: Blob, width: number, height: number, provider: string, elapsedMs: number }} result
 * @param {{ scale: number, title: string }} how
 */
async function showResult(source, { blob, width, height, provider, elapsedMs }, { scale, title }) {
  dropResult();
  resultBlob = blob;
  const url = URL.createObjectURL(blob);
  save.href = url;
  save.download = `${source.name.replace(/\.[^.]+$/, '')}@${scale}x.png`;
  const outcome = findElement(main, '.outcome', HTMLElement);
  const size = pixelsInWords(width, height);
  findElement(outcome, '.outcome-size', HTMLElement).textContent = size;
  findElement(outcome, '.outcome-facts', HTMLElement).textContent =
    `PNG · ${bytesInWords(blob.size)} · ${durationInWords(elapsedMs)}`;
  findElement(outcome, '.outcome-model', HTMLElement).textContent =
    `${title} · ${PROVIDER_WORDS[provider] ?? provider}`;
  copy.hidden = typeof ClipboardItem === 'undefined' || !navigator.clipboard?.write;
  copy.textContent = 'Copy';
  await compare.show(source.url, url);
  enter('result');
  save.focus({ preventScroll: true });
  announce(`Done: ${width} by ${height} pixels in ${durationInWords(elapsedMs)}.`);
}

async function copyResult() {
  if (!resultBlob) return;
  try {
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': resultBlob })]);
    copy.textContent = 'Copied';
    announce('Copied.');
  } catch {
    showError('The browser did not let the picture into the clipboard; Save works always.');
  }
}

function chooseAnother() {
  letGo();
  showError('');
  showNotice('');
  enter('empty');
  findElement(drop, 'input', HTMLInputElement).focus({ preventScroll: true });
}

/** @param {BeforeUnloadEvent} event */
function warnBeforeLeaving(event) {
  event.preventDefault();
}

function followEngine() {
  holder.addEventListener('progress', (event) => {
    const { detail } = /** @type {CustomEvent<import('./model-holder.js').Progress>} */ (event);
    engine.showLoading(detail, holder.loads);
    if (job) progress.show(detail, holder.loads);
  });
  holder.addEventListener('ready', () => engine.showReady());
  holder.addEventListener('failed', (event) => {
    engine.showFailed();
    if (!job) showError(sentenceOf(/** @type {CustomEvent<unknown>} */ (event).detail));
  });
}

function listen() {
  drop.addEventListener('picture', (event) => {
    const { blob, name } = /** @type {CustomEvent<{ blob: Blob, name: string }>} */ (event).detail;
    takePicture(blob, name);
  });
  drop.addEventListener('refused', (event) => showError(/** @type {CustomEvent<string>} */ (event).detail));
  form.addEventListener('change', changeSettings);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    enlarge();
  });
  const cancel = () => job?.abort();
  progress.addEventListener('cancel', cancel);
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') cancel();
  });
  copy.addEventListener('click', copyResult);
  findElement(main, '[data-testid=another]', HTMLButtonElement).addEventListener('click', chooseAnother);
}

async function open() {
  const missing = missingSupport();
  if (missing) {
    showError(missing);
    drop.hidden = true;
    return;
  }
  listen();
  followEngine();
  showSettings();
  engine.showLoading({ stage: 'start', done: 0, total: 0, fraction: 0, etaMs: null }, holder.loads);
  try {
    models = await listModels();
    prepareModel();
  } catch (thrown) {
    engine.showFailed();
    showError(sentenceOf(thrown));
  }
}

open();
