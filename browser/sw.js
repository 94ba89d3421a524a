/**
 * Keeps the page and its networks, each file under its hash: an update loads only what has changed.
 * `precache.js`, written by the build, lists every file of the page with its hash. Small files are kept when the page
 * is visited first, the others when they are asked for first, or with an update of a page that had kept them.
 */

importScripts('precache.js'); // self.FILES: path → 'sha256-…'

const KEPT_AT_ONCE = /^(index\.html|[^/]+\.(js|css|json|svg)|examples\/.*)$/;
// that of index.html: a worker heeds only the policy that comes with its own script
const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; base-uri 'none'; form-action 'none'";
const SCOPE = new URL(self.registration.scope);
const CACHE = `boneage ${SCOPE}`; // of this page alone: others may lie on the same host

/** The path of a request in the list of files; null for any other. */
function pathOf(url) {
  if (url.origin !== SCOPE.origin || !url.pathname.startsWith(SCOPE.pathname)) return null;
  const path = decodeURIComponent(url.pathname.slice(SCOPE.pathname.length)) || 'index.html';
  return Object.hasOwn(self.FILES, path) ? path : null;
}

const keyOf = path => new URL(`${path}?${encodeURIComponent(self.FILES[path])}`, SCOPE).href;

/** What kind of file a path is for: networks may be called otherwise in the next edition. */
const kindOf = path => path.replace(/^weights\/.*?(-map)?\.tflite$/, 'weights/$1');

/**
 * What is kept at once: small files, and those that the edition before had kept, or a page that works without a
 * connection would no longer do so after an update.
 */
async function keptAtOnce() {
  const kept = await (await caches.open(CACHE)).keys();
  const kinds = new Set(kept.map(({ url }) => kindOf(new URL(url).pathname.slice(SCOPE.pathname.length))));
  return Object.keys(self.FILES).filter(path => KEPT_AT_ONCE.test(path) || kinds.has(kindOf(path)));
}

async function keepAll(paths) {
  const cache = await caches.open(CACHE);
  await Promise.all(paths.map(async path => {
    if (await cache.match(keyOf(path))) return;
    const answer = await fetch(new URL(path, SCOPE), { integrity: self.FILES[path], cache: 'no-cache' });
    if (!answer.ok) throw new TypeError(`${path}: ${answer.status}`);
    await cache.put(keyOf(path), answer);
  }));
}

async function forgetOthers() {
  const cache = await caches.open(CACHE), wanted = new Set(Object.keys(self.FILES).map(keyOf));
  const kept = await cache.keys();
  await Promise.all(kept.filter(request => !wanted.has(request.url)).map(request => cache.delete(request)));
}

/** Keep what was asked for, unless it is not the file of the list: a copy on the way may be an older one. */
async function keepIfRight(path, answer) {
  const bytes = await answer.arrayBuffer(), hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  if (`sha256-${btoa(String.fromCharCode(...hash))}` !== self.FILES[path]) return;
  await (await caches.open(CACHE)).put(keyOf(path), new Response(bytes, { headers: answer.headers }));
}

/** A script with the policy of the page; the host may send none. */
function withPolicy(path, answer) {
  if (!path.endsWith('.js') || !answer.ok) return answer;
  const headers = new Headers(answer.headers);
  headers.set('Content-Security-Policy', POLICY);
  return new Response(answer.body, { headers });
}

async function answerOf(path, event) {
  const kept = await (await caches.open(CACHE)).match(keyOf(path));
  if (kept) return kept;
  const answer = await fetch(new URL(path, SCOPE), { cache: 'no-cache' }).catch(() => Response.error());
  if (answer.status === 200) event.waitUntil(keepIfRight(path, answer.clone()).catch(() => {}));
  return answer;
}

self.addEventListener('install', event => {
  event.waitUntil(keptAtOnce().then(keepAll));
});
self.addEventListener('activate', event => {
  event.waitUntil(Promise.all([forgetOthers(), self.clients.claim()]));
});
self.addEventListener('fetch', event => {
  const path = event.request.method === 'GET' ? pathOf(new URL(event.request.url)) : null;
  if (path) event.respondWith(answerOf(path, event).then(answer => withPolicy(path, answer)));
});
