import { AnimationFrames } from './animation-frames.js';
import { missingSupport } from './browser-support.js';
import { showChosen } from './chosen-view.js';
import { PictureDrop } from './elements/picture-drop.js';
import { PlanLine } from './elements/plan-line.js';
import { SettingsForm } from './elements/settings-form.js';
import { SourceLine } from './elements/source-line.js';
import { engine, enginePanel, keepPanelTrue } from './engine-view.js';
import { findElement } from './find-element.js';
import { estimateInWords, jobOf, learnFrom } from './job-estimates.js';
import { optionsFrom } from './job-options.js';
import { announce, clearMessages, sentenceOf, showError, showNotice } from './messages.js';
import { ModelHolder } from './model-holder.js';
import { durationOf, movingByEngine, movingInWords } from './moving-picture.js';
import { holdStill, openByEngine, openInBrowser } from './opened-picture.js';
import { main, outcome, progress, shapeFrame, sizeFrame } from './page-parts.js';
import { Planning } from './planning.js';
import { resultSize } from './result-size.js';
import { announceResult, dropResult, pauseResult, prefersStill, showResult } from './result-view.js';
import { RunningJob } from './running-job.js';
import { SenmeiError } from './senmei.js';
import { recallSettings, rememberSettings } from './settings.js';
import { framesInWords } from './words.js';

/**
 * @typedef {'empty' | 'chosen' | 'working' | 'result'} State
 *
 * @typedef {object} Picture
 * @property {Blob} blob
 * @property {string} name
 * @property {string} url of what shows it
 * @property {number} width
 * @property {number} height
 * @property {number} depth bits a sample, 8 while it is not known
 * @property {import('./moving-picture.js').Moving | null} moving what is known of an animation
 * @property {boolean} isRecognised whether the engine has said if it is one
 * @property {boolean} isPartial whether it is damaged and the user takes what can be read
 */

/** What is wrong with the picture or the settings, and so is said beside them. */
const REFUSALS = new Set(['too-large', 'invalid-option', 'unsupported-format', 'corrupt-image']);

/** So long a picture may take to open before a word is said about it. */
const PATIENCE_MS = 400;

const drop = findElement(main, 'picture-drop', PictureDrop);
const form = findElement(main, 'settings-form', SettingsForm);
const planLine = findElement(form, 'plan-line', PlanLine);
const start = findElement(form, '[data-testid=start]', HTMLButtonElement);
const sourceLine = findElement(main, 'source-line', SourceLine);

const holder = new ModelHolder();
const planning = new Planning();
let settings = recallSettings();
/** @type {Picture | null} */
let picture = null;
/** @type {RunningJob | null} */
let job = null;
/** Counts the pictures given, so that one overtaken while it is opened is let go. */
let arrivals = 0;

/** @param {State} state */
function enter(state) {
  main.dataset.state = state;
  for (const part of main.querySelectorAll('[data-states]')) {
    if (part instanceof HTMLElement) part.hidden = !part.dataset.states?.split(' ').includes(state);
  }
  showStart();
}

/** How large the result becomes, or null where the settings do not say. */
function target() {
  const size = picture && resultSize(picture, settings);
  return size && size.problem === undefined ? size : null;
}

/** How much larger the result is; what the model is chosen by. */
function factor() {
  const size = target();
  if (!picture || !size) return Number(settings.scale) || 2;
  return Math.max(size.width / picture.width, size.height / picture.height);
}

function showStart() {
  const again = main.dataset.state === 'result' ? ' again' : '';
  const doing = factor() > 1 ? 'Enlarge' : factor() === 1 ? 'Clean up' : 'Make smaller';
  start.textContent = doing + again;
  // Not `disabled`, which would take the focus from it.
  start.ariaDisabled = String(picture !== null && (target() === null || planLine.refused));
}

/** Says what will come out, and asks the engine what it takes. */
function plan() {
  if (!picture) return;
  const source = picture;
  const size = target();
  planLine.show(source, size, movingInWords(source.moving, settings));
  if (size) {
    planLine.wait();
    planning.begin(async () => {
      const { upscaler, title } = await holder.want(settings, factor());
      return { ...(await upscaler.plan(source.blob, await optionsFor(source, upscaler))), title };
    });
  } else {
    planning.stop();
    planLine.clear();
  }
  showStart();
}

/**
 * @param {Picture} source
 * @param {import('./senmei.js').Upscaler} upscaler
 */
async function optionsFor(source, upscaler) {
  if (!source.isRecognised) {
    const moving = await movingByEngine(upscaler, source.blob, source.isPartial);
    source.isRecognised = true;
    if (moving?.frames !== source.moving?.frames || moving?.kind !== source.moving?.kind) {
      source.moving = moving && { ...moving, durationMs: source.moving?.durationMs ?? null };
    }
    if (source === picture) showMoving(source);
  }
  return optionsFrom(settings, source.moving);
}

/** @param {Picture} source */
function showMoving(source) {
  form.arrangeFor(source.moving);
  sourceLine.show(source);
  planLine.show(source, target(), movingInWords(source.moving, settings));
}

/** @param {import('./planning.js').Plan} planned */
function showPlanned(planned) {
  if (!picture) return;
  const { width, height, depth, targetWidth, targetHeight, title } = planned;
  if (picture.width !== width || picture.height !== height) {
    // Of several pictures in one file, a browser may show another one.
    Object.assign(picture, { width, height });
    form.measure(picture);
  }
  picture.depth = depth;
  form.deepen(depth);
  sourceLine.show(picture);
  const size = { width: targetWidth, height: targetHeight };
  planLine.show(picture, size, movingInWords(picture.moving, settings));
  const way = picture.moving && settings.animation.way;
  // Of stills only PNG is written row by row; frames of an animation are written one after the other.
  const isStreamed = way && way !== 'frame' ? true : settings.format === 'png';
  const estimate = way && way !== 'frame' ? estimateInWords(jobOf(picture, settings, size, title)) : '';
  planLine.weigh(planned, isStreamed && Boolean(navigator.storage?.getDirectory), estimate);
  showStart();
}

/** @param {unknown} thrown */
function showRefused(thrown) {
  // Whatever else goes wrong is told by the engine, or again when the job is started.
  if (thrown instanceof SenmeiError && REFUSALS.has(thrown.code)) planLine.refuse(thrown.message);
  else planLine.clear();
  showStart();
}

function changeSettings() {
  settings = { ...form.settings, provider: enginePanel.provider };
  rememberSettings(settings);
  if (job) {
    showNotice('The running job ends as it began; the choice counts for the next one.');
    return;
  }
  if (!picture) {
    prepareModel();
    return;
  }
  showChosen(picture, settings);
  plan();
}

function prepareModel() {
  // Its failure is an event of the holder.
  holder.want(settings, factor()).catch(() => undefined);
}

/** @param {import('./elements/picture-drop.js').GivenPicture} given */
async function takePicture({ blob, name, count }) {
  if (job) {
    showNotice('One picture is being enlarged; cancel it first to use another.');
    return;
  }
  clearMessages();
  arrivals += 1;
  const arrival = arrivals;
  const isWanted = () => !job && arrival === arrivals;
  const patience = setTimeout(() => isWanted() && showNotice(`Opening “${name}” …`), PATIENCE_MS);
  const inBrowser = await openInBrowser(blob);
  clearTimeout(patience);
  const frames = inBrowser && (await AnimationFrames.open(blob));
  const shown = inBrowser ?? (isWanted() ? await openSlowly(blob, name, isWanted) : null);
  if (!shown) return;
  if (frames && prefersStill()) await holdStill(shown, blob);
  if (!isWanted()) {
    URL.revokeObjectURL(shown.url);
    frames?.close();
    return;
  }
  showNotice('');
  letGo();
  const moving = frames && { frames: frames.count, kind: frames.kind, durationMs: null };
  picture = { blob, name, ...shown, depth: 8, moving, isRecognised: false, isPartial: false };
  showChosen(picture, settings);
  shapeFrame(picture);
  sizeFrame(picture.width);
  form.measure(picture);
  showMoving(picture);
  enter('chosen');
  plan();
  start.focus({ preventScroll: true });
  const many = moving ? `${framesInWords(moving.frames)} of ` : '';
  announce(`Picture chosen: ${name}, ${many}${picture.width} by ${picture.height} pixels.`);
  if (frames) tellDuration(picture, frames);
  if (count > 1) showNotice(`One picture at a time: of ${count} files only “${name}” was opened.`);
}

/**
 * @param {Picture} source
 * @param {AnimationFrames} frames
 */
async function tellDuration(source, frames) {
  const durationMs = await durationOf(frames);
  if (!source.moving) return;
  source.moving.durationMs = durationMs;
  if (source === picture) sourceLine.show(source);
}

/**
 * Has the engine open what the browser cannot show.
 *
 * @param {Blob} blob
 * @param {string} name
 * @param {() => boolean} isWanted whether the user still waits for this picture
 */
async function openSlowly(blob, name, isWanted) {
  showNotice(
    engine.dataset.phase === 'ready' ? `Opening “${name}” …` : `“${name}” opens as soon as the engine is ready.`,
  );
  try {
    const { upscaler } = await holder.want(settings, factor());
    return await openByEngine(upscaler, blob);
  } catch (thrown) {
    if (!isWanted()) return null;
    // With the settings changed meanwhile there is another Upscaler.
    if (thrown instanceof SenmeiError && thrown.code === 'disposed') return await openSlowly(blob, name, isWanted);
    showError(`“${name}” cannot be opened. ${sentenceOf(thrown)}`);
    return null;
  } finally {
    if (isWanted()) showNotice('');
  }
}

/** Forgets the picture and its result, and frees what they held. */
function letGo() {
  planning.stop();
  planLine.clear();
  if (picture) URL.revokeObjectURL(picture.url);
  picture = null;
  dropResult();
}

async function enlarge() {
  const size = target();
  if (!picture || !size || job || planLine.refused) return;
  clearMessages();
  planning.stop();
  const source = picture;
  enter('working');
  pauseResult();
  const running = new RunningJob(size);
  job = running;
  try {
    const { upscaler, title } = await holder.want(settings, factor(), running.signal);
    const options = await optionsFor(source, upscaler);
    const result = await upscaler.upscale(source.blob, {
      ...options,
      name: source.name,
      partial: source.isPartial,
      ...running.listeners,
    });
    const made = source.moving && (options.frames ?? 'animation');
    if (typeof made !== 'number') learnFrom(jobOf(source, settings, size, title), result);
    await showResult(source, result, made, { title, upscaler });
    enter('result');
    outcome.save.focus({ preventScroll: true });
    announceResult(result, made);
    // What the job has taught tells more of the next one.
    if (source.moving) plan();
  } catch (thrown) {
    enter(outcome.size ? 'result' : 'chosen');
    shapeFrame(outcome.size ?? source);
    start.focus({ preventScroll: true });
    if (running.signal.aborted) announce('Cancelled.');
    else await showFailure(thrown, source);
  } finally {
    job = null;
    running.end();
    showNotice('');
  }
}

/**
 * @param {unknown} thrown
 * @param {Picture} source
 */
async function showFailure(thrown, source) {
  const code = thrown instanceof SenmeiError ? thrown.code : '';
  const isDamaged = code === 'corrupt-image' && !source.isPartial;
  showError(sentenceOf(thrown), isDamaged ? enlargePart : undefined);
  if (code === 'engine-failed') {
    engine.showFailed('engine');
    await holder.renounce();
  }
}

function enlargePart() {
  if (!picture) return;
  picture.isPartial = true;
  enlarge();
}

function chooseAnother() {
  letGo();
  clearMessages();
  enter('empty');
  findElement(drop, 'input', HTMLInputElement).focus({ preventScroll: true });
}

function followEngine() {
  holder.addEventListener('progress', (event) => {
    const { detail } = /** @type {CustomEvent<import('./model-holder.js').Progress>} */ (event);
    engine.showLoading(detail, holder.loads);
    if (job) progress.show(detail, holder.loads);
  });
  let isMissed = false;
  holder.addEventListener('ready', () => {
    engine.showReady();
    if (isMissed) clearMessages();
    isMissed = false;
  });
  holder.addEventListener('failed', (event) => {
    engine.showFailed(holder.loads);
    isMissed = true;
    if (!job) showError(sentenceOf(/** @type {CustomEvent<unknown>} */ (event).detail));
  });
  holder.addEventListener('provider-failed', (event) => {
    const reason = sentenceOf(/** @type {CustomEvent<unknown>} */ (event).detail);
    enginePanel.refuse(reason);
    changeSettings();
    if (!enginePanel.isOpen) showNotice(`${reason} Senmei chooses by itself again.`);
  });
  planning.addEventListener('plan', (event) => showPlanned(/** @type {CustomEvent} */ (event).detail));
  planning.addEventListener('refused', (event) => showRefused(/** @type {CustomEvent} */ (event).detail));
}

function listen() {
  drop.addEventListener('picture', (event) => {
    takePicture(/** @type {CustomEvent<import('./elements/picture-drop.js').GivenPicture>} */ (event).detail);
  });
  drop.addEventListener('refused', (event) => showError(/** @type {CustomEvent<string>} */ (event).detail));
  form.addEventListener('settings', changeSettings);
  form.addEventListener('start', enlarge);
  enginePanel.addEventListener('provider', changeSettings);
  const cancel = () => job?.cancel();
  progress.addEventListener('cancel', cancel);
  progress.addEventListener('keep', () => job?.endEarly());
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') cancel();
  });
  outcome.addEventListener('copied', () => announce('Copied.'));
  outcome.addEventListener('copy-failed', () => {
    showError('The browser did not let the picture into the clipboard; Save works always.');
  });
  sourceLine.addEventListener('another', chooseAnother);
}

function open() {
  const missing = missingSupport();
  if (missing) {
    showError(missing);
    drop.hidden = true;
    return;
  }
  listen();
  followEngine();
  keepPanelTrue(holder);
  form.settings = settings;
  enginePanel.provider = settings.provider;
  engine.showLoading({ stage: 'start', done: 0, total: 0, fraction: 0, etaMs: null }, holder.loads);
  prepareModel();
}

open();
