/**
 * @typedef {'WorkerLost' | 'DeviceLost' | 'Unreachable'} ErrorName WorkerLost: the worker was ended or crashed. DeviceLost: its
 *   GPU device is gone. Unreachable: a file cannot be fetched
 */

/**
 * An error that is told apart by its name, which outlives the way from worker to worker and into Python.
 *
 * @param {ErrorName} name
 * @param {string} message a sentence
 */
export function namedError(name, message) {
  const error = new Error(message);
  error.name = name;
  return error;
}
