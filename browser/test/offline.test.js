/**
 * The service worker keeps what a page needs without a connection, through an update, and beside another page; scripts
 * come from it with the page's policy.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { areKept } from '../offline.js';

const textOf = name => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
const hashOf = text => `sha256-${createHash('sha256').update(text).digest('base64')}`;
const FIRST = { 'index.html': 'page 1', 'app.js': 'app 1', 'weights/small-4.tflite': 'network 1',
  'weights/small-4-map.tflite': 'map 1', 'litert/a.wasm': 'runtime 1' };
const NEXT = { 'index.html': 'page 2', 'app.js': 'app 1', 'weights/small-5.tflite': 'network 2',
  'weights/small-5-map.tflite': 'map 2', 'litert/a.wasm': 'runtime 1' };

/** A browser with its caches, and sites by their address: path → text of a file. */
function newBrowser() {
  const stores = new Map(), sites = {}, state = { online: true, asked: [] };
  const keyOf = request => request.url ?? request;
  const caches = { async open(name) {
    if (!stores.has(name)) stores.set(name, new Map());
    const store = stores.get(name);
    return { match: async request => store.get(keyOf(request))?.clone(),
      put: async (request, answer) => { store.set(keyOf(request), answer); },
      keys: async () => [...store.keys()].map(url => ({ url })),
      delete: async request => store.delete(keyOf(request)) };
  } };
  async function fetch({ href }, { integrity } = {}) {
    if (!state.online) throw new TypeError('no connection');
    const scope = Object.keys(sites).find(one => href.startsWith(one)), text = sites[scope][href.slice(scope.length)];
    state.asked.push(href.slice(scope.length));
    if (integrity && integrity !== hashOf(text)) throw new TypeError('another file');
    return text === undefined ? new Response('', { status: 404 }) : new Response(text);
  }
  return { caches, sites, state, fetch };
}

/** The service worker of a site: `install` and `activate` as a browser calls them, `get` asks it for a path. */
function workerOf({ caches, sites, fetch }, scope) {
  const heard = {}, files = Object.entries(sites[scope]).map(([path, text]) => [path, hashOf(text)]);
  const self = { registration: { scope }, clients: { claim: async () => {} }, FILES: Object.fromEntries(files),
    addEventListener: (name, heed) => { heard[name] = heed; } };
  runInNewContext(textOf('sw.js'), { self, caches, fetch, importScripts() {}, URL, Response, Headers, crypto, btoa });
  const lived = async name => {
    const until = [];
    heard[name]({ waitUntil: promise => until.push(promise) });
    await Promise.all(until);
  };
  async function get(path) {
    let given = null;
    const until = [], request = { method: 'GET', url: scope + path };
    heard.fetch({ request, respondWith: promise => { given = promise; }, waitUntil: promise => until.push(promise) });
    const answer = await given;
    await Promise.all(until);
    return answer;
  }
  return { install: () => lived('install'), activate: () => lived('activate'), get,
    says: async path => (await get(path)).text() };
}

/** A first visit that loads some of what is not kept at once. */
async function visited(browser, scope, files, ...paths) {
  browser.sites[scope] = files;
  const worker = workerOf(browser, scope);
  await worker.install();
  await worker.activate();
  for (const path of paths) await worker.get(path);
  return worker;
}

const HERE = 'https://example.org/live/', BESIDE = 'https://example.org/other/';
const NETWORK = 'weights/small-4.tflite';

test('after an update a page still works without a connection', async () => {
  const browser = newBrowser(), old = await visited(browser, HERE, FIRST, NETWORK, 'litert/a.wasm');
  browser.sites[HERE] = NEXT;
  browser.state.asked = [];
  const next = workerOf(browser, HERE);
  await next.install();
  assert.deepEqual(browser.state.asked.sort(), ['index.html', 'weights/small-5.tflite']); // nobody asked for a map
  browser.state.online = false;
  assert.equal(await old.says(NETWORK), 'network 1'); // until the next takes over
  await next.activate();
  const kept = ['index.html', 'app.js', 'weights/small-5.tflite', 'litert/a.wasm'];
  assert.deepEqual(await Promise.all(kept.map(next.says)), ['page 2', 'app 1', 'network 2', 'runtime 1']);
  assert.equal((await next.get('weights/small-5-map.tflite')).type, 'error');
});

test('two pages of one host keep their own files', async () => {
  const browser = newBrowser(), here = await visited(browser, HERE, FIRST, NETWORK);
  const beside = await visited(browser, BESIDE, NEXT);
  browser.state.online = false;
  assert.deepEqual([await here.says(NETWORK), await beside.says('index.html')], ['network 1', 'page 2']);
});

test('networks are said to be kept only when they are', async () => {
  const browser = newBrowser(), worker = await visited(browser, HERE, FIRST);
  Object.defineProperty(globalThis, 'navigator', { configurable: true,
    value: { serviceWorker: { ready: Promise.resolve({ scope: HERE }) } } });
  globalThis.caches = browser.caches;
  assert.equal(await areKept([NETWORK], 0), false);
  await worker.get(NETWORK);
  assert.equal(await areKept([NETWORK], 0), true);
});

test('scripts come with the policy of the page, kept or not', async () => {
  const [, policy] = textOf('index.html').match(/http-equiv="Content-Security-Policy"\s+content="([^"]+)"/);
  const browser = newBrowser(), worker = await visited(browser, HERE, { ...FIRST, 'litert/index.js': 'library' });
  for (const path of ['app.js', 'litert/index.js', 'litert/index.js']) {
    const { headers, status } = await worker.get(path);
    assert.deepEqual([headers.get('Content-Security-Policy'), status], [policy, 200], path);
  }
  assert.equal((await worker.get('index.html')).headers.get('Content-Security-Policy'), null); // it says so itself
});
