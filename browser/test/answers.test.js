/** Correction and interval are Python's; looks and heat map are near, for networks run on other code here. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bounds, corrected } from '../answer.js';
import { preprocess } from '../preprocess.js';
import { answer } from '../reader.js';
import { openInNode } from './node.js';
import { VECTORS, rawOf, vectorsOf } from './vectors.js';

const options = { skip: !VECTORS && 'no vectors: set BONEAGE_VECTORS' };
const { fitted, answers } = vectorsOf('golden.json') ?? {}, tool = VECTORS && await openInNode();

const LANDMARKS = 0.005; // of the length from the wrist to the base of the middle finger
const MONTHS = 0.5; // for one look
const HEAT = 0.05; // of the largest place

test('correction and interval as in Python', options, () => {
  fitted.months.forEach((months, place) => {
    const male = fitted.male[place], [low, high] = bounds(tool.card.interval, months, fitted.spread[place], male);
    assert.ok(Math.abs(corrected(fitted.correction, months, male) - fitted.corrected[place]) < 1e-9);
    assert.ok(Math.abs(low - fitted.low[place]) < 1e-9 && Math.abs(high - fitted.high[place]) < 1e-9);
  });
});

test('landmarks and crop as in Python', options, async () => {
  for (const { film, record, crop } of answers) {
    const made = await preprocess(tool.networks, rawOf(film)), wanted = rawOf(crop);
    for (const key of ['method', 'inverted', 'pipeline', 'size', 'width', 'height', 'reason']) {
      assert.equal(made.record[key], record[key]);
    }
    const [wrist, knuckle] = [record.landmarks[0], record.landmarks[9]];
    const length = Math.hypot(wrist[0] - knuckle[0], wrist[1] - knuckle[1]);
    made.record.landmarks.forEach(([x, y], mark) => {
      assert.ok(Math.hypot(x - record.landmarks[mark][0], y - record.landmarks[mark][1]) / length < LANDMARKS);
    });
    const apart = made.image.data.reduce((sum, level, place) => sum + Math.abs(level - wanted.data[place]), 0);
    assert.ok(apart / wanted.data.length < 0.5, 'mean difference of grey levels');
  }
});

test('looks at the crop of Python', options, async () => {
  for (const { crop, sex, looks } of answers) {
    const got = await answer(tool.eyes, tool.card, rawOf(crop), sex === 'M');
    assert.equal(got.looks.length, looks.length);
    got.looks.forEach(({ months }, look) => {
      assert.ok(Math.abs(months - looks[look]) < MONTHS, `${months}, in Python ${looks[look]}`);
    });
  }
});

test('the heat map', options, async () => {
  const [{ crop, sex, heat }] = answers, picture = rawOf(crop), got = await tool.map({ picture, male: sex === 'M' });
  assert.equal(got.length, picture.width * picture.height);
  heat.forEach((row, y) => row.forEach((wanted, x) => {
    assert.ok(Math.abs(got[16 * y * picture.width + 16 * x] - wanted) < HEAT);
  }));
});
