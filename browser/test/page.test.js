/** What a card shows is of the answer beside it, whatever is asked for meanwhile. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerOf, openPage } from './page.js';

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
