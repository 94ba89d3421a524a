/** The tool in its worker: questions go out with a number, answers and progress come back under it. */

/**
 * @typedef {{done: number, total: number, what: string}} Progress bytes
 */

const STOPPED = 'The part of this page that reads films has stopped: load the page again.';

/**
 * Start the worker.
 * @param {(words: string) => void} whenStopped is told where the worker fails as a whole
 * @returns {{ask: (verb: string, more?: object, options?: {transfer?: Transferable[],
 *   progress?: (told: Progress) => void}) => Promise<unknown>}} a question rejects with a FilmProblem-like Error:
 *   message, reasons, needs, film, hand
 */
export function startWorker(whenStopped) {
  const worker = new Worker('worker.js'), waiting = new Map();
  let last = 0;

  worker.addEventListener('message', ({ data }) => {
    const asked = waiting.get(data.id);
    if (!asked) return;
    if (data.progress) return asked.progress?.(data.progress);
    waiting.delete(data.id);
    if (data.problem) asked.reject(Object.assign(new Error(data.problem.message), data.problem));
    else asked.resolve(data.result);
  });
  worker.addEventListener('error', event => {
    event.preventDefault();
    for (const asked of waiting.values()) asked.reject(new Error(STOPPED));
    waiting.clear();
    whenStopped(STOPPED);
  });

  const ask = (verb, more = {}, { transfer = [], progress } = {}) => new Promise((resolve, reject) => {
    const id = ++last;
    waiting.set(id, { resolve, reject, progress });
    worker.postMessage({ id, verb, ...more }, transfer);
  });
  return { ask };
}
