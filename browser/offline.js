/** The service worker that keeps this page for the next visit, with or without a connection. */

const LONGEST_WAIT = 5000; // milliseconds, then the page goes on without it
const LONGEST_KEEPING = 30_000, STEP = 250; // milliseconds: a slow disk takes its time, and how often to look

const controlled = () => new Promise(resolve => {
  if (navigator.serviceWorker.controller) return resolve();
  navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true });
});

/**
 * Register the service worker and wait until it stands between this page and the network, so that all that the page
 * loads from then on is kept, where the browser has room for it.
 * @returns {Promise<boolean>} whether it stands there
 */
export async function keepForOffline() {
  if (!('serviceWorker' in navigator) || !window.isSecureContext) return false;
  try {
    await navigator.serviceWorker.register('sw.js');
    await Promise.race([controlled(), new Promise(resolve => setTimeout(resolve, LONGEST_WAIT))]);
    return Boolean(navigator.serviceWorker.controller);
  } catch { return false; }
}

/**
 * Look whether files are kept; what has just been loaded takes a moment.
 * @param {string[]} paths
 * @param {number} longest milliseconds
 * @returns {Promise<boolean>} whether all are kept, so that the page works without a connection
 */
export async function areKept(paths, longest = LONGEST_KEEPING) {
  try {
    const { scope } = await navigator.serviceWorker.ready, cache = await caches.open(`boneage ${scope}`);
    for (let waited = 0; waited <= longest; waited += STEP) {
      const kept = new Set((await cache.keys()).map(({ url }) => url.replace(/\?.*$/, '')));
      if (paths.every(path => kept.has(new URL(path, scope).href))) return true;
      await new Promise(resolve => setTimeout(resolve, STEP));
    }
  } catch {} // a browser may forbid to look
  return false;
}
