/** Ages and dates are read as Python reads them: every value within rounding, every sentence to the letter. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ageBetween, ageInWords, ageStep, chronologicalAge, parseAge } from '../ages.js';
import { VECTORS, differenceOf, said, vectorsOf } from './vectors.js';

const CALLS = {
  parse_age: parseAge, age_step: ageStep, age_between: ageBetween, age_in_words: ageInWords,
  chronological_age: (age, birthDate, studyDate) => chronologicalAge({ age, birthDate, studyDate }),
};
const vectors = vectorsOf('clinic.json');

for (const [name, call] of Object.entries(CALLS)) {
  test(`${name} as in Python`, { skip: !VECTORS && 'no vectors: set BONEAGE_VECTORS' }, () => {
    assert.ok(vectors[name].length > 50);
    for (const { given, ...wanted } of vectors[name]) {
      const got = said(() => call(...given));
      assert.ok(differenceOf(got, wanted) < 1e-9, `${name}: ${JSON.stringify({ given, got, wanted })}`);
    }
  });
}

test('an age in both ways', () => {
  assert.equal(parseAge('9y4m'), 112);
  assert.equal(chronologicalAge({ birthDate: '2007-01-15', studyDate: '2016-05-15' }), 112);
  assert.equal(chronologicalAge(), null);
  assert.throws(() => parseAge('9'), /may be years or months/);
  assert.throws(() => parseAge(null), /no text and no number/);
});
