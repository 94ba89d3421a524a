/** The page in Node: as much of a document as its modules ask for, and a worker that answers when a test says so. */

class Element {
  constructor(tag) {
    Object.assign(this, { tag, childNodes: [], attributes: {}, dataset: {}, listeners: {}, value: '', hidden: false });
    this.classList = { add() {}, remove() {} };
  }

  append(...nodes) { this.childNodes.push(...nodes.filter(node => node !== '')); }

  replaceChildren(...nodes) { this.childNodes = nodes; }

  setAttribute(name, value) {
    this.attributes[name] = String(value);
    if (['id', 'value', 'type', 'disabled'].includes(name)) this[name] = name === 'disabled' || value;
  }

  getAttribute(name) { return this.attributes[name] ?? null; }

  addEventListener(name, heed) { (this.listeners[name] ??= []).push(heed); }

  fire(name, more = {}) {
    return Promise.all((this.listeners[name] ?? []).map(
      heed => heed({ target: this, currentTarget: this, preventDefault() {}, ...more })));
  }

  click() { return this.fire('click'); }

  focus() { document.activeElement = this; }

  remove() {}

  scrollIntoView() {}

  showModal() {}

  get firstChild() { return this.childNodes[0] ?? null; }

  get childElementCount() { return this.childNodes.filter(node => node instanceof Element).length; }

  get textContent() { return this.childNodes.map(node => node.textContent ?? String(node)).join(' '); }

  set textContent(text) { this.childNodes = [String(text)]; }

  get all() { return this.childNodes.filter(node => node instanceof Element).flatMap(node => [node, ...node.all]); }

  matches(selector) {
    if (selector.startsWith('.')) return (this.attributes.class ?? '').split(' ').includes(selector.slice(1));
    return this.tag === selector;
  }

  querySelectorAll(selector) { return this.all.filter(node => node.matches(selector)); }

  querySelector(selector) { return this.querySelectorAll(selector)[0] ?? null; }

  getContext() {
    const createImageData = (width, height) => ({ data: new Uint8ClampedArray(4 * width * height) });
    const get = (_, name) => (name === 'createImageData' ? createImageData : () => {});
    return new Proxy({}, { get, set: () => true });
  }
}

/** A document of elements that are there as soon as they are asked for. */
function newDocument() {
  const found = new Map(), made = tag => new Element(tag);
  const all = ['', 'F', 'M'].map(value => Object.assign(made('input'), { value, checked: !value }));
  const getElementById = id => {
    if (!found.has(id)) found.set(id, made('div'));
    return found.get(id);
  };
  return Object.assign(made('html'), { body: made('body'), activeElement: null, createElement: made, getElementById,
    createElementNS: (_, tag) => made(tag), getElementsByName: () => all });
}

/** page.json, as short as can be. */
export const PAGE = { version: '1', model: 'small', edition: '1', licence: 'research', source: 'films',
  citation: 'some', source_page: '', note: 'For research.', offline: false, limits: ['few'], limits_of_use: ['hands'],
  sexes: { F: 'female', M: 'male' }, measured: ['measured'], near: ['near'], band_months: 24, interval_level: 0.9,
  heat_colours: Array(256).fill([0, 0, 0]),
  examples: [{ file: 'examples/girl.png', title: 'Girl', sex: 'F', age: null }] };

const picture = { data: new Uint8Array(16), width: 4, height: 4 };

/** A result of the worker. */
export const answerOf = (sex, key, more = {}) => ({ key, file: 'a.png', sex, months: 101.46, bone_age_months: 101.5,
  bone_age: '8 y 5 m', interval: [90, 120], interval_months: [90, 120], interval_level: 0.9, refusals: [], warnings: [],
  film: { ...picture, scale: 1 }, picture, hand: null, hand_found: true, growth: null, film_sha256: 'x', ...more });

export const fileNamed = name => ({ name, arrayBuffer: async () => new ArrayBuffer(8) });

/** Everything that is under way has been done. */
export const settled = () => new Promise(resolve => setTimeout(resolve, 5));

let visits = 0;

/**
 * A visit of the page, its networks loaded.
 * @returns {Promise<object>} asked: what the worker was asked and has not answered; reply, fail and stop: what it does;
 *   item: a card; button and input: of a card; chooseAll: the sex of all; sheets: the text of what is printed
 */
export async function openPage() {
  const asked = [], heard = {}, windowHears = {};
  Object.assign(globalThis, {
    Node: Element, document: newDocument(), window: globalThis, print() {},
    addEventListener(name, heed) { windowHears[name] = heed; },
    fetch: async path => ({ ok: true, json: async () => (path === 'page.json' ? PAGE : {}) }),
    Worker: class {
      addEventListener(name, heed) { heard[name] = heed; }

      postMessage(message) { asked.push(message); }
    },
  });
  const tell = async data => {
    heard.message({ data: { id: asked.shift().id, ...data } });
    await settled();
  };
  await import(`../app.js?${++visits}`);
  await settled();
  await tell({ result: {} });
  const byId = document.getElementById, item = (number = 0) => byId('list').childNodes[number];
  return {
    asked, byId, item, hears: (name, event) => document.fire(name, event),
    reply: result => tell({ result }), fail: problem => tell({ problem }),
    stop: () => heard.error({ preventDefault() {} }),
    async give(...names) {
      await byId('files').fire('change', { target: { files: names.map(fileNamed), value: '' } });
      await settled();
    },
    button: (words, number) => item(number).querySelectorAll('button').find(one => one.textContent.trim() === words),
    async choose(sex) {
      await item().querySelectorAll('input').find(one => one.value === sex).fire('change');
      await settled();
    },
    async type(age) {
      const input = item().querySelectorAll('input').find(one => one.type === 'text');
      await Object.assign(input, { value: age }).fire('change');
      await settled();
    },
    async chooseAll(sex) {
      const inputs = document.getElementsByName('sex-of-all');
      inputs.forEach(one => { one.checked = one.value === sex; });
      await inputs.find(one => one.checked).fire('change');
      await settled();
    },
    sheets() {
      windowHears.beforeprint();
      const texts = byId('sheets').childNodes.map(sheet => sheet.textContent);
      windowHears.afterprint();
      return texts;
    },
  };
}
