/** SD score, determination, sentence and chart are Python's; the table is the one that Python writes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixed } from '../basics.js';
import { chartData, determined, growthOf, growthOver, reportSentence, signed } from '../growth.js';
import { VECTORS, differenceOf, said, vectorsOf } from './vectors.js';

const vectors = vectorsOf('clinic.json'), table = vectorsOf('tables/growth.json');
const options = { skip: !VECTORS && 'no vectors: set BONEAGE_VECTORS' };

function wholeStory(bone, interval, age, sex) {
  const growth = growthOf(bone, interval, age, sex, table);
  const more = { sex, intervalMonths: interval, intervalLevel: 0.9, growth, reasons: ['one', 'two'] };
  return [growth, determined(growth, interval), reportSentence(bone, more)];
}

test('growth as in Python', options, () => {
  for (const { given, ...wanted } of vectors.growth) {
    const got = said(() => wholeStory(...given));
    assert.ok(differenceOf(got, wanted) < 1e-9, JSON.stringify({ given, got, wanted }));
  }
});

function coarseStory(bone, interval, age, sex) {
  const { growth, scores } = growthOver(bone, interval, age, 12, sex, table);
  return [growth, determined(growth, interval), scores];
}

test('growth at an age in whole years as in Python', options, () => {
  for (const { given, ...wanted } of vectors.coarse) {
    const got = said(() => coarseStory(...given));
    assert.ok(differenceOf(got, wanted) < 1e-9, JSON.stringify({ given, got, wanted }));
  }
});

test('a sentence without an age, and numbers with their sign', options, () => {
  for (const { given: [bone, sex], value } of vectors.plain) assert.equal(reportSentence(bone, { sex }), value);
  for (const { given, value } of vectors.signed) assert.equal(signed(...given), value);
});

// the frame of Python's drawing, nbs/clinic/01_growth.ipynb
const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [420, 330, 46, 14, 12, 40];

function drawn(points, years) {
  const x = age => LEFT + (WIDTH - LEFT - RIGHT) * age / 12 / years;
  const y = months => TOP + (HEIGHT - TOP - BOTTOM) * (1 - Math.min(Math.max(months / 12 / years, 0), 1));
  return points.map(([age, months]) => `${fixed(x(age), 1)},${fixed(y(months), 1)}`).join(' ');
}

test('the band of the chart as Python draws it', options, () => {
  for (const { given: [points, sex], svg } of vectors.charts) {
    const { band, line, words, years } = chartData(points, sex, table);
    assert.ok(svg.includes(`<polygon points="${drawn(band, years)}"`));
    assert.ok(svg.includes(`<polyline points="${drawn(line, years)}"`));
    assert.ok(svg.includes(`aria-label="${words}"`));
  }
});
