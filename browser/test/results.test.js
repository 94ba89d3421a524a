/**
 * Whole results: the page says of a file what `boneage assess --json` says of it, the same keys, the same sentences of
 * warnings and refusals; numbers within a tolerance. Both make their own crop, and landmarks may move by a tenth of a
 * pixel.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sentenceOf } from '../report.js';
import { openInNode } from './node.js';
import { VECTORS, fileOf, vectorsOf } from './vectors.js';

const options = { skip: !VECTORS && 'no vectors: set BONEAGE_VECTORS' };
const { results } = vectorsOf('results.json') ?? {}, { films } = vectorsOf('gate.json') ?? {};
const tool = VECTORS && await openInNode();

// months that answers which nobody forced may differ, for a crop differs in a few hundred pixels by a level or two: more
// on a dozen drawings (0.08) than on real films (0.03 over 200)
const ON_AVERAGE = 0.1;
const NEAR = { // key of a result → the most that its numbers may differ
  bone_age_months: 0.5, difference_months: 0.5, interval_months: 1, sd_score: 0.2, hand_presence: 0.01, box: 1,
};
const MEASURES = { // the most that a measure of the gate may differ
  presence: 0.01, second_look: 0.05, apart: 0.01, angle: 0.2, edge: 0.01, second_hand: 0.01, mirrored: 0, pixels: 0.5,
  greys: 1, burnt: 1e-3, band0: 0.02, band1: 0.02, band2: 0.02, band3: 0.02, cut_off: 0.01, doubt: 0.3,
  proportions: 0.1, few_pixels: 0.5, soft: 0.3, grain: 0.02, flat: 1, levels: 2, few_greys: 2, blocks: 0.05,
  lengthwise: 0.03, moved: 0.03, lines: 0.03, sharpened: 0.04,
};

/** What the page says of a file, as the vectors have it. */
async function answerTo({ file, sex, age_months: ageMonths, force }) {
  try {
    return { value: await tool.assess(fileOf(file), file, { sex, ageMonths, force }) };
  } catch (problem) {
    if (problem.name !== 'FilmProblem') throw problem;
    return { problem: problem.message, reasons: problem.reasons.map(reason => reason.text) };
  }
}

/** The largest difference between numbers; Infinity where one is missing. */
function apart(got, wanted) {
  const [one, other] = [got, wanted].map(value => [value].flat());
  if (one.length !== other.length) return Infinity;
  return Math.max(...one.map((number, place) => (number === other[place] ? 0 : Math.abs(number - other[place]))));
}

// a sentence may hold a rounded answer
const words = value => [value].flat().map(text => text.replace(/[0-9]+/g, '#'));

/** Every key of Python's result, and what the gate measured. */
function compare(got, wanted) {
  for (const [name, value] of Object.entries(wanted)) {
    const both = `${wanted.file}: ${name} is ${got[name]}, in Python ${value}`;
    if (name in NEAR) assert.ok(apart(got[name], value) <= NEAR[name], both);
    else if (name === 'bone_age' || name === 'warnings') assert.deepEqual(words(got[name]), words(value), both);
    else assert.deepEqual(got[name], value, both);
  }
  const { measures } = films.find(one => `${one.film}.png` === wanted.file);
  for (const [name, value] of Object.entries(measures)) {
    const is = got.measures[name];
    assert.ok(Math.abs(is - value) <= MEASURES[name], `${wanted.file}: ${name} is ${is}, in Python ${value}`);
  }
}

test('results as in Python', options, async context => {
  const months = [];
  for (const { given, value, ...refused } of results) {
    const got = await answerTo(given), said = JSON.stringify(given);
    if (!value) assert.deepEqual(got, refused, said);
    else {
      assert.ok(got.value, `${said} has an answer in Python: ${got.problem}`);
      compare(got.value, value);
      assert.ok(sentenceOf(got.value).includes(`: ${got.value.bone_age} (`), said); // one age in headline and sentence
      if (!given.force) months.push(apart(got.value.bone_age_months, value.bone_age_months));
    }
  }
  const mean = months.reduce((sum, one) => sum + one, 0) / months.length;
  context.diagnostic(`${results.length} results; of ${months.length} good films the months differ by `
    + `${mean.toFixed(3)} on average, ${Math.max(...months).toFixed(1)} at most`);
  assert.ok(mean <= ON_AVERAGE);
});

test('the keys of a result are those of the command line', options, async () => {
  const { given, value } = results.find(one => one.value?.sd_score !== undefined);
  const got = (await answerTo(given)).value, more = Object.keys(got).filter(name => !(name in value));
  assert.deepEqual(Object.keys(value).filter(name => !(name in got)), []);
  assert.deepEqual(more.sort(), ['film', 'growth', 'hand', 'interval', 'looks', 'male', 'measures', 'months', 'picture',
    'record']);
});
