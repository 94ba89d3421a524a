/** What a card shows is of the answer beside it, whatever is asked for meanwhile. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filmRow } from '../table.js';
import { answerOf, fileNamed, openPage, settled } from './page.js';

const heat = new Float32Array(16).fill(0.7);
const SHOW = 'Show the heat map', HIDE = 'Hide the heat map';

test('a map is shown under the answer that it is of, and under no other', async () => {
  const page = await openPage();
  await page.give('a.png');
  await page.reply(answerOf('F', 1));
  page.button(SHOW).click();
  await page.choose('M'); // before the map is there
  assert.deepEqual(page.asked.map(({ verb }) => verb), ['map', 'assess']);
  await page.reply(heat);
  await page.reply(answerOf('M', 2));
  assert.ok(page.button(SHOW));
  page.button(SHOW).click();
  await page.reply(heat);
  assert.ok(page.button(HIDE));
  await page.type('9y4m');
  await page.reply(answerOf('M', 3));
  assert.ok(page.button(SHOW));
});

test('headline, sentence and printed page tell one age', async () => {
  const page = await openPage();
  await page.give('a.png');
  await page.reply(answerOf('F', 1)); // 101.46 months, 101.5 in a table
  for (const text of [page.item().querySelector('.body').textContent, page.sheets()[0]]) {
    assert.equal(text.match(/8 y 5 m/g).length, 2);
    assert.ok(!text.includes('8 y 6 m'));
  }
});

test('a page without names does not tell the name of a film that could not be used', async () => {
  const page = await openPage(), name = 'Family_Anna_2014.png';
  await page.give(name);
  await page.fail({ message: `${name} is damaged: copy it again.`, reasons: [] });
  assert.ok(page.item().textContent.includes(`${name} is damaged`));
  assert.ok(page.sheets()[0].includes('The film is damaged: copy it again.'));
  assert.ok(!page.sheets()[0].includes('Anna'));
  page.byId('keep-names').checked = true;
  assert.ok(page.sheets()[0].includes(`${name} is damaged`));
});

test('a film is asked again where the sex of all is another one, also where it is taken back', async () => {
  const page = await openPage();
  await page.give('a.dcm');
  await page.reply(answerOf('F', 1)); // the file says it
  await page.chooseAll('M');
  await page.reply(answerOf('M', 2));
  await page.chooseAll('');
  assert.equal(page.asked.at(-1).options.sex, null);
  await page.reply(answerOf('F', 3));
  assert.ok(page.item().textContent.includes('female'));
  await page.choose('M');
  await page.reply(answerOf('M', 4));
  await page.chooseAll('F'); // it was chosen for this film
  assert.deepEqual(page.asked, []);
});

test('an age in whole years is told to be one', async () => {
  const page = await openPage();
  await page.give('a.png');
  await page.reply(answerOf('F', 1));
  for (const [age, months, step] of [['9y', 108, 12], ['9y4m', 112, 1], ['', null, null]]) {
    await page.type(age);
    const { ageMonths, ageStep } = page.asked[0].options;
    assert.deepEqual([ageMonths, ageStep], [months, step]);
    await page.reply(answerOf('F', 2));
  }
});

test('nothing is printed or copied of a film that is being read again', async () => {
  const page = await openPage(), isShut = words => page.button(words).disabled;
  await page.give('a.png');
  await page.reply(answerOf('F', 1));
  assert.deepEqual([isShut('Print page'), isShut('Copy'), page.sheets().length], [false, false, 1]);
  await page.type('9y4m');
  page.button('Print page').click();
  assert.deepEqual([isShut('Print page'), isShut('Copy'), page.sheets().length], [true, true, 0]);
  await page.reply(answerOf('F', 2));
  assert.deepEqual([isShut('Print page'), isShut('Copy'), page.sheets().length], [false, false, 1]);
});

test('answers stay where the part that reads films has stopped', async () => {
  const page = await openPage();
  await page.give('a.png');
  await page.reply(answerOf('F', 1));
  page.stop();
  await page.choose('M');
  await page.chooseAll('M');
  await page.type('9y4m');
  assert.equal(page.item().dataset.status, 'answered');
  const inputs = page.item().querySelectorAll('input');
  assert.deepEqual(inputs.map(({ checked, value }) => checked ?? value), [true, false, '']);
  assert.deepEqual(document.getElementsByName('sex-of-all').map(({ checked }) => checked), [true, false, false]);
  assert.deepEqual(page.asked, []);
  assert.ok(page.byId('said').textContent.includes('load the page again'));
});

/** An entry of a file; one called b.png cannot be opened. */
const fileEntry = name => ({ isDirectory: false, name,
  file: (take, refuse) => (name === 'b.png' ? refuse(new Error('NotReadableError')) : take(fileNamed(name))) });

/** An entry of a folder as a browser gives it: what lies in it, and then nothing more. */
function folderEntry(name, ...inside) {
  const rest = [inside, []];
  return { isDirectory: true, name, createReader: () => ({ readEntries: take => take(rest.shift()) }) };
}

const dropOf = (...entries) => ({ items: entries.map(entry => ({ webkitGetAsEntry: () => entry })), files: [] });

test('a file that cannot be opened is told, and the others of its folder are read', async () => {
  const page = await openPage(), [first, locked, last] = ['a.png', 'b.png', 'c.png'].map(fileEntry);
  const folder = folderEntry('films', first, locked, last);
  await page.hears('drop', { dataTransfer: dropOf(folder) });
  assert.deepEqual([0, 1, 2].map(number => page.item(number).dataset.status), ['reading', 'failed', 'waiting']);
  page.item(1).querySelector('.toggle').click();
  await page.chooseAll('F');
  assert.ok(page.item(1).textContent.includes('films/b.png cannot be opened: '));
});

test('films of one name are told apart by their folders, on the page and in the table', async () => {
  const page = await openPage(), folders = ['one', 'other.2'].map(name => folderEntry(name, fileEntry('IM1')));
  await page.hears('drop', { dataTransfer: dropOf(...folders) });
  const names = [0, 1].map(number => page.item(number).querySelector('.file').textContent);
  assert.deepEqual(names, ['one/IM1', 'other.2/IM1']);
  assert.equal(page.asked[0].name, 'one/IM1');
  const { file, id } = filmRow(names[1], answerOf('F', 1), null, 'note');
  assert.deepEqual([file, id], ['other.2/IM1', 'IM1']);
});

test('an example that does not come says so', async () => {
  const page = await openPage();
  for (const fetched of [() => Promise.reject(new TypeError('no net')), async () => ({ ok: false, status: 404 })]) {
    globalThis.fetch = fetched;
    await page.byId('example-list').querySelector('button').click();
    await settled();
  }
  const said = [0, 1].map(number => page.item(number).textContent);
  assert.ok(said[0].includes('Girl cannot be loaded (no connection): '));
  assert.ok(said[1].includes('Girl cannot be loaded (404): '));
});
