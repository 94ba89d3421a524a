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
