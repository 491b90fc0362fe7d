/**
 * An error that is told apart by its name, which outlives the way from worker to worker and into Python.
 *
 * @param {'WorkerLost' | 'DeviceLost' | 'Unreachable'} name WorkerLost: the worker was ended, crashed or never started.
 *   DeviceLost: its GPU device is gone. Unreachable: a part of its runtime cannot be fetched
 * @param {string} message a sentence
 */
export function namedError(name, message) {
  const error = new Error(message);
  error.name = name;
  return error;
}
