/**
 * The tool in a thread of its own. A classic worker, not a module: LiteRT.js starts its runtime by importScripts.
 *
 * In: `{ id, verb: 'open' }`, `{ id, verb: 'assess', bytes, name, options }`, `{ id, verb: 'map', key }`.
 * Out: `{ id, progress: { done, total, what } }`, `{ id, result }`,
 * `{ id, problem: { message, reasons, needs, film, hand } }`. The result of an assessment has a `key` for its map.
 */
const KEPT = 200; // results whose pictures are kept for their maps
const base = new URL('./', self.location.href).href;
const results = new Map();
let tool = null, last = 0, turn = Promise.resolve();

/** The tool, loaded once; after a failure the next question tries again. */
function opened(progress) {
  tool ??= import('./tool.js').then(({ openTool }) => openTool({ base, progress })).catch(error => {
    tool = null;
    throw error;
  });
  return tool;
}

/** Keep what a map needs; the oldest goes. */
function kept(result) {
  const key = ++last;
  results.set(key, { picture: result.picture, male: result.male });
  if (results.size > KEPT) results.delete(results.keys().next().value);
  return { ...result, key };
}

const forgotten = () => Object.assign(
  new Error('This film was assessed too long ago for its map: assess it again.'), { name: 'FilmProblem' });

const VERBS = {
  open: async (_, progress) => (await opened(progress)).card,
  assess: async ({ bytes, name, options }, progress) => {
    const loaded = await opened(progress);
    return kept(await loaded.assess(new Uint8Array(bytes), name, options));
  },
  map: async ({ key }, progress) => {
    if (!results.has(key)) throw forgotten();
    return (await opened(progress)).map(results.get(key), progress);
  },
};

/** A failure as the page can show it; `name` of the film, if it was one. */
function problemOf(error, name = 'This page') {
  const { message, reasons = [], needs = null, film = null, hand = null } = error;
  if (error.name === 'FilmProblem') return { message, reasons, needs, film, hand };
  const advice = 'leave it out, and report this if the file is a good one';
  console.error(error);
  return { message: `${name} could not be used (${error.name}: ${message}): ${advice}.`, reasons, needs, film, hand };
}

async function answered({ id, verb, ...more }) {
  const progress = (done, total, what) => self.postMessage({ id, progress: { done, total, what } });
  try {
    self.postMessage({ id, result: await VERBS[verb](more, progress) });
  } catch (error) {
    self.postMessage({ id, problem: problemOf(error, more.name) });
  }
}

// one after the other: a network answers one film at a time
self.addEventListener('message', ({ data }) => {
  turn = turn.then(() => answered(data));
});
