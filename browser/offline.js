/** The service worker that keeps this page for the next visit, with or without a connection. */

const LONGEST_WAIT = 5000; // milliseconds, then the page goes on without it

const controlled = () => new Promise(resolve => {
  if (navigator.serviceWorker.controller) return resolve();
  navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true });
});

/**
 * Register the service worker and wait until it stands between this page and the network, so that all that the page
 * loads from then on is kept.
 * @returns {Promise<boolean>} whether the page will work offline
 */
export async function keepForOffline() {
  if (!('serviceWorker' in navigator) || !window.isSecureContext) return false;
  try {
    await navigator.serviceWorker.register('sw.js');
    await Promise.race([controlled(), new Promise(resolve => setTimeout(resolve, LONGEST_WAIT))]);
    return Boolean(navigator.serviceWorker.controller);
  } catch { return false; }
}
