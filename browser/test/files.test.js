/** Files are read as Python reads them: the same grey to the last level, the same notes and tags, the same problem. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FilmProblem } from '../basics.js';
import { readFilm } from '../films.js';
import { seam } from '../jpeg.js';
import { jpegComplaint } from '../jpegdata.js';
import { VECTORS, fileOf, rawOf, vectorsOf } from './vectors.js';

const options = { skip: !VECTORS && 'no vectors: set BONEAGE_VECTORS' };
const { files } = vectorsOf('golden.json') ?? {};

/** What a problem says, without what a decoder calls the damage, and without the formats that only Python reads. */
const asSaid = text => (
  text.replace(/ \((OSError|SyntaxError|a part)[^)]*\)/, '').replace(/give a radiograph as .*$/, ''));

/** The days since 1970 of an ISO date. */
const days = date => (date ? Math.round(Date.parse(date) / 864e5) : null);

async function compare({ file, film, notes, sha256, tags, problem }) {
  if (problem) {
    await assert.rejects(readFilm(fileOf(file), file), error => {
      assert.ok(error instanceof FilmProblem, `${file}: ${error.stack}`);
      assert.equal(asSaid(error.message), asSaid(problem));
      return true;
    });
    return;
  }
  const got = await readFilm(fileOf(file), file), wanted = rawOf(film);
  assert.deepEqual(got.notes, notes, file);
  assert.equal(got.sha256, sha256, file);
  assert.deepEqual([got.width, got.height], [wanted.width, wanted.height], file);
  assert.ok(Buffer.compare(got.data, wanted.data) === 0, `${file}: other grey levels`);
  const told = tags && { ...tags, birth_date: days(tags.birth_date), study_date: days(tags.study_date) };
  assert.deepEqual(got.tags, told, file);
}

for (const kind of ['PNG', 'DICOM']) {
  test(`${kind} files as in Python`, options, async () => {
    const vectors = files.filter(({ file }) => file.startsWith('dicom_') === (kind === 'DICOM'));
    assert.ok(vectors.length > 30);
    for (const vector of vectors) await compare(vector);
  });
}

test('what a page cannot read says so', async () => {
  const tiff = new Uint8Array(100);
  tiff.set([0x49, 0x49, 0x2a, 0]);
  await assert.rejects(readFilm(tiff, 'a.tif'), /a.tif is a TIFF, which this page does not read: save it as PNG.$/);
  const jpeg = new Uint8Array([0xff, 0xd8, 0xff, 0xe0]);
  await assert.rejects(readFilm(jpeg, 'a.jpg'), /can only be read in a browser/); // said in Node
});

test('seams of damaged JPEG data', options, () => {
  const { seams } = vectorsOf('golden.json');
  for (const { given, block, height } of seams) {
    assert.ok(Math.abs(seam(rawOf(given), block) - height) < 1e-3, given.file);
  }
});

test('damage in the data of a JPEG', options, () => {
  const { jpegs } = vectorsOf('golden.json');
  for (const { file, complaint } of jpegs) assert.equal(Boolean(jpegComplaint(fileOf(file))), Boolean(complaint), file);
  const whole = fileOf('grey.jpg');
  assert.equal(jpegComplaint(whole.subarray(0, whole.length * 2 / 3)), 'Premature end of JPEG file');
});
