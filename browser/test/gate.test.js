/**
 * The gate says what Python's gate says of the very crops that Python made: every finding and sentence alike, hardly a
 * measure that differs. What it says of the page's own crops is compared in results.test.js.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFilm } from '../films.js';
import { judge, refusedFilm } from '../gate.js';
import { betweenMarks } from '../polygon.js';
import { openInNode } from './node.js';
import { VECTORS, fileOf, vectorsOf } from './vectors.js';

const options = { skip: !VECTORS && 'no vectors: set BONEAGE_VECTORS' };
const { films } = vectorsOf('gate.json') ?? {}, tool = VECTORS && await openInNode();

const MOST = 1e-3; // that a measure may differ; they reach from shares of 1 to hundreds of pixels
const OF_ANOTHER_HAND = 0.01; // the presence of a second hand, found in pieces of the film

const read = name => readFilm(fileOf(name), name);
const means = one => ({ gate: tool.gate, networks: tool.networks, laterality: one.laterality });

test('the verdict as in Python', options, async () => {
  assert.ok(films.length >= 30);
  for (const one of films) {
    const film = await read(`${one.film}.png`), image = await read(`${one.film}.crop.png`);
    const got = await judge(film, { record: one.record, image }, means(one));
    assert.deepEqual(got.findings, one.findings, one.film);
    assert.deepEqual(Object.keys(got.measures).sort(), Object.keys(one.measures).sort(), one.film);
    for (const [name, value] of Object.entries(one.measures)) {
      const most = name === 'second_hand' ? OF_ANOTHER_HAND : MOST, is = got.measures[name];
      assert.ok(Math.abs(is - value) <= most, `${one.film}: ${name} is ${is}, in Python ${value}`);
    }
  }
});

test('the films pass nearly every limit', options, () => {
  const told = new Set(films.flatMap(one => one.findings.map(finding => finding.says)));
  const unheard = Object.values(tool.gate.clauses).flat().filter(says => says && !told.has(says));
  assert.ok(unheard.length <= 2, `no film has: ${unheard.join('; ')}`);
});

test('a crop of another film is refused', options, async () => {
  const [one] = films, film = await read(`${one.film}.png`);
  const other = { record: { ...one.record, width: film.width + 1 }, image: film };
  await assert.rejects(judge(film, other, means(one)), /does not belong to one of .* preprocess the film itself\.$/);
});

test('a refusal names its reasons', () => {
  const findings = [{ name: 'soft', says: 'too blurred: give the original', refuses: true },
    { name: 'grain', says: 'grainy', refuses: false }, { name: 'no_hand', says: 'no hand: give one', refuses: true }];
  const problem = refusedFilm('a.png', { findings, refusals: [findings[0].says, findings[2].says] });
  assert.equal(problem.message, 'a.png is not answered: too blurred: give the original; no hand: give one.');
  assert.deepEqual(problem.reasons.map(reason => reason.code), ['soft', 'no_hand']);
});

test('landmarks on one line, or outside, have no inside', () => {
  const sum = (marks, width, height) => betweenMarks(marks, width, height).reduce((one, other) => one + other, 0);
  assert.equal(sum([[2, 3], [2, 3], [2, 3]], 10, 10), 1);
  assert.equal(sum([[2, 3], [6, 3], [4, 3]], 10, 10), 5);
  assert.equal(sum([[20, 30], [60, 30], [40, 50]], 10, 10), 0);
  assert.equal(sum([[-5, -5], [50, -5], [50, 50], [-5, 50]], 10, 12), 120);
});
