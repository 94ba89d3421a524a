/** The page: takes films, asks the worker one after another, and keeps the cards, the table and the printing. */

import { ageStep, parseAge } from './ages.js';
import { filmCard, isUnsettled, statusOf } from './card.js';
import { startWorker } from './client.js';
import { byId, html } from './dom.js';
import { droppedFilms } from './drop.js';
import { areKept, keepForOffline } from './offline.js';
import { perCent } from './report.js';
import { sheetOf } from './sheet.js';
import { filmRow, toCsv } from './table.js';

const OPEN_AT_ONCE = 3; // cards; of more films at a time only the first
const MEGABYTE = 1e6;

const films = []; // in order; each with its card
let sexOfAll = null, lastId = 0, toPrint = null, page, growthTable, worker, isBusy = false;

const say = words => { byId('said').textContent = words; };
const megabytes = bytes => `${(bytes / MEGABYTE).toFixed(1)} MB`;

// ---- loading

function showProgress({ done, total, what }) {
  byId('loading').hidden = false;
  byId('loading').value = total ? done / total : 0;
  byId('state-words').textContent = done < total ? `Loading ${what}: ${megabytes(done)} of ${megabytes(total)}`
    : 'Starting the networks';
}

function showState(words, kind) {
  byId('loading').hidden = true;
  byId('state').dataset.kind = kind;
  byId('state-words').textContent = words;
  say(words);
}

async function jsonOf(path) {
  const answer = await fetch(path).catch(() => null);
  if (!answer?.ok) throw new Error(`${path} did not come (${answer?.status ?? 'no connection'}): load the page again.`);
  return answer.json();
}

async function open() {
  [page, growthTable] = await Promise.all([jsonOf('page.json'), jsonOf('growth.json')]);
  Object.assign(actions, { page, growthTable });
  fillAbout();
  const isBetween = page.offline && await keepForOffline();
  worker = startWorker(words => showState(words, 'broken'));
  const card = await worker.ask('open', {}, { progress: showProgress });
  showState('Ready', 'ready');
  next();
  if (isBetween) await tellOffline([...card.hands, ...card.eyes].map(({ file }) => `weights/${file}`));
}

/** Say that the page works without a connection, where that is so: a browser may have no room for the networks. */
async function tellOffline(networks) {
  if (await areKept(networks) && byId('state').dataset.kind === 'ready') {
    showState('Ready, also without a connection', 'ready');
  }
}

function fillAbout() {
  byId('measured').textContent = page.measured.join(' ');
  byId('limits').append(...page.limits.map(line => html('li', {}, line)));
  byId('terms').append(`The network may be used for ${page.licence}. Films: ${page.source} (${page.citation}). `,
    html('a', { href: page.source_page, rel: 'noreferrer' }, 'RSNA’s page'), '. The program: Apache License 2.0; ',
    html('a', { href: 'licences.txt' }, 'licences of its parts'), '.');
  byId('versions').textContent = `boneage ${page.version}, network ${page.model}, edition ${page.edition}. `
    + `The ${perCent(page.interval_level)} interval is split-conformal.`;
  byId('example-list').append(...page.examples.map(example => html('li', {}, html('button', { type: 'button',
    onclick: () => addExample(example) }, html('img', { src: example.file, alt: '', width: 50, height: 64,
    loading: 'lazy' }), html('span', {}, example.title)))));
  byId('examples').hidden = false;
  byId('offline').hidden = !page.offline;
}

// ---- films

/** An age as it is typed, and how coarsely it is told. */
const agesOf = text => ({ ageMonths: text ? parseAge(text) : null, ageStep: text ? ageStep(text) : null });

/** A film to be read; its path is for the table, its name for people. Without a file there is a problem. */
function newFilm({ path, file, problem = null }, more = {}) {
  return { id: ++lastId, path, file, name: path, sex: null, sexOfAll, sexAsked: null, age: '', ageMonths: null,
    ageStep: null, ageProblem: null, force: false, waits: !problem, isRead: false, isOpen: false, result: null, problem,
    heat: null, ...more };
}

function add(newcomers) {
  if (!newcomers.length) return;
  newcomers.forEach((film, place) => {
    film.isOpen = newcomers.length <= OPEN_AT_ONCE || place === 0 && !films.length;
    film.card = filmCard(film, actions);
    films.push(film);
    byId('list').append(film.card.element);
    film.card.update();
  });
  say(`${newcomers.length} ${newcomers.length === 1 ? 'film' : 'films'} added`);
  showCount();
  next();
}

const addAll = found => add(found.map(one => newFilm(one)));

async function addExample({ file, title, sex, age }) {
  const answer = await fetch(file).catch(() => null), path = file.split('/').at(-1);
  const content = answer?.ok ? await answer.blob().catch(() => null) : null; // it may break off
  const found = content ? { file: new File([content], path, { type: 'image/png' }) } : { file: null,
    problem: new Error(`${title} cannot be loaded (${answer?.status ?? 'no connection'}): try it again later.`) };
  add([newFilm({ path, ...found }, { name: title, sex, age: age ?? '', ...agesOf(age) })]);
  films.at(-1).card.element.scrollIntoView({ block: 'start', behavior: 'smooth' });
}

/** Can films be read, or will they be? Where that has ended, answers stay as they are. */
const canRead = () => byId('state').dataset.kind !== 'broken';

function askAgain(film) {
  if (!film.file) return film.card.update(); // nothing came of it
  Object.assign(film, { waits: true, heat: null, mapProblem: null });
  film.card.update();
  next();
}

/** The card of a film that cannot be read again shows what its answer was made with. */
function leave(film) {
  film.card.update();
  say(byId('state-words').textContent);
}

async function bytesOf({ file, name }) {
  try { return await file.arrayBuffer(); } catch {
    throw new Error(`${name} cannot be read any more: choose it again.`);
  }
}

/** Ask the worker for the next film that waits, one at a time. */
async function next() {
  const film = worker && !isBusy && byId('state').dataset.kind === 'ready' && films.find(one => one.waits);
  if (!film) return;
  isBusy = true;
  Object.assign(film, { waits: false, isRead: true });
  film.card.update();
  try {
    const bytes = await bytesOf(film);
    film.sexAsked = film.sex ?? sexOfAll;
    const options = { sex: film.sexAsked, ageMonths: film.ageMonths, ageStep: film.ageStep, force: film.force };
    Object.assign(film, { result: await worker.ask('assess', { bytes, name: film.name, options },
      { transfer: [bytes] }), problem: null });
  } catch (problem) { Object.assign(film, { problem, result: null }); }
  Object.assign(film, { isRead: false, heat: null, mapProblem: null }); // a map is of one answer only
  isBusy = false;
  if (films.includes(film)) {
    film.card.update();
    say(`${film.name}: ${film.problem ? film.problem.message : film.result.bone_age}`);
    showCount();
  }
  next();
}

function showCount() {
  const counts = {};
  for (const film of films) counts[statusOf(film)] = (counts[statusOf(film)] ?? 0) + 1;
  const sum = (...kinds) => kinds.reduce((total, kind) => total + (counts[kind] ?? 0), 0);
  const words = [[sum('answered', 'warned', 'forced'), 'answered'], [counts.refused, 'refused'],
    [counts.failed, 'unreadable'], [counts.sex, 'without a sex'], [sum('waiting', 'reading'), 'to go']];
  const total = `${films.length} ${films.length === 1 ? 'film' : 'films'}`;
  byId('count').textContent = [total, ...words.filter(([count]) => count).map(([count, word]) => `${count} ${word}`)]
    .join(' · ');
  byId('films').hidden = !films.length;
  byId('print').disabled = byId('save').disabled = !done().length;
}

/** Films with an answer, or with a reason why there is none. */
const isDone = film => !['waiting', 'reading', 'sex'].includes(statusOf(film));
const done = () => films.filter(isDone);

// ---- what the buttons of a card do

const actions = {
  toggle(film) {
    film.isOpen = !film.isOpen;
    film.card.update();
  },
  setSex(film, sex) {
    if (!canRead()) return leave(film);
    film.sex = sex;
    askAgain(film);
  },
  setAge(film, text) {
    if (!canRead()) return leave(film);
    film.age = text;
    try { Object.assign(film, agesOf(text.trim()), { ageProblem: null }); } catch (problem) {
      Object.assign(film, agesOf(''), { ageProblem: problem.message }); // the age before it holds no longer
    }
    askAgain(film);
  },
  askAge: film => film.card.focusAge(),
  force(film) {
    if (!canRead()) return leave(film);
    film.force = true;
    film.card.focusTitle();
    askAgain(film);
  },
  remove(film) {
    const place = films.indexOf(film);
    films.splice(place, 1);
    film.card.element.remove();
    showCount();
    const near = films[Math.min(place, films.length - 1)];
    if (near) near.card.focusTitle();
    else byId('choose').focus();
    say(`${film.name} removed`);
  },
  async showMap(film) {
    const { result } = film, isStillShown = () => film.result === result && !isUnsettled(film);
    Object.assign(film, { mapWaits: 'A moment …', mapProblem: null });
    film.card.update();
    try {
      const progress = ({ done: bytes, total }) => film.card.tellMap(bytes < total
        ? `Loading the map, once: ${megabytes(bytes)} of ${megabytes(total)}` : film.mapWaits);
      const heat = await worker.ask('map', { key: result.key }, { progress });
      if (isStillShown()) film.heat = heat;
    } catch (problem) { if (isStillShown()) film.mapProblem = problem.message; }
    film.mapWaits = null;
    const wasHere = [document.body, null].includes(document.activeElement) || document.activeElement.matches('.map');
    film.card.update();
    if (wasHere) film.card.element.querySelector('.map')?.focus(); // not from where the reader is by now
  },
  hideMap(film) {
    film.heat = null;
    film.card.update();
    film.card.element.querySelector('.map')?.focus();
  },
  async copy(words, button) {
    let isThere = true;
    try { await navigator.clipboard.writeText(words); } catch { isThere = false; } // forbidden, or not over https
    button.textContent = isThere ? 'Copied' : 'Not copied';
    say(isThere ? 'The sentence is on the clipboard' : 'The browser did not let the sentence be copied: mark it by hand');
  },
  print(film) {
    toPrint = [film];
    window.print();
  },
  enlarge(picture, caption) {
    const copy = html('canvas', { role: 'img', 'aria-label': caption });
    copy.width = picture.width;
    copy.height = picture.height;
    copy.getContext('2d').drawImage(picture, 0, 0);
    byId('large-picture').replaceChildren(copy, html('p', { class: 'quiet' }, caption));
    byId('large').showModal();
  },
};

// ---- choosing, dropping, saving, printing

function listen() {
  byId('choose').addEventListener('click', () => byId('files').click());
  byId('files').addEventListener('change', event => {
    addAll([...event.target.files].map(file => ({ path: file.name, file })));
    event.target.value = '';
  });
  for (const name of ['dragenter', 'dragover']) {
    document.addEventListener(name, event => {
      event.preventDefault();
      byId('drop').classList.add('over');
    });
  }
  document.addEventListener('dragleave', event => {
    if (!event.relatedTarget) byId('drop').classList.remove('over');
  });
  document.addEventListener('drop', async event => {
    event.preventDefault();
    byId('drop').classList.remove('over');
    addAll(await droppedFilms(event.dataTransfer));
  });
  for (const input of document.getElementsByName('sex-of-all')) input.addEventListener('change', chooseSexOfAll);
  byId('save').addEventListener('click', save);
  byId('print').addEventListener('click', () => window.print());
  byId('clear').addEventListener('click', clear);
  window.addEventListener('beforeprint', writeSheets);
  window.addEventListener('afterprint', () => {
    byId('sheets').replaceChildren();
    toPrint = null;
  });
}

function chooseSexOfAll(event) {
  if (!canRead()) {
    for (const input of document.getElementsByName('sex-of-all')) input.checked = input.value === (sexOfAll ?? '');
    return say(byId('state-words').textContent);
  }
  sexOfAll = event.target.value || null;
  for (const film of films) {
    film.sexOfAll = sexOfAll;
    // also where it is to be chosen for each now: what was answered for another sex is taken back
    if (film.sex === null && !film.waits && film.sexAsked !== sexOfAll) askAgain(film);
    else film.card.update();
  }
  showCount();
}

function clear() {
  films.length = 0;
  byId('list').replaceChildren();
  showCount();
  byId('choose').focus();
  say('All films removed');
}

function save() {
  const rows = done().map(film => filmRow(film.path, film.result, film.problem, page.note));
  const link = html('a', { href: URL.createObjectURL(new Blob([toCsv(rows)], { type: 'text/csv' })),
    download: 'bone_ages.csv' });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function writeSheets() {
  const how = { keepNames: byId('keep-names').checked, day: new Date().toLocaleDateString('sv') };
  const sheets = (toPrint ?? films).filter(isDone).map(film => sheetOf(film, page, growthTable, how));
  byId('sheets').replaceChildren(...sheets);
}

listen();
open().catch(problem => showState(problem.message, 'broken'));
