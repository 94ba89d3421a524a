/** Files are read as Python reads them: the same grey to the last level, the same notes and tags, the same problem. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FilmProblem } from '../basics.js';
import { readFilm } from '../films.js';
import { brightnessStep, jpegTurn, seam } from '../jpeg.js';
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
  for (const { given, block, step, height } of seams) {
    assert.ok(Math.abs(seam(rawOf(given), block, step) - height) < 1e-3, given.file);
  }
});

test('a WebP that says that it is turned is refused', async () => {
  const exif = [0x4d, 0x4d, 0, 0x2a, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0];
  const webp = new Uint8Array(20 + 10 + 8 + exif.length), text = new TextEncoder();
  const parts = [[0, 'RIFF'], [8, 'WEBPVP8X'], [30, 'EXIF']];
  for (const [place, letters] of parts) webp.set(text.encode(letters), place);
  for (const [place, length] of [[4, webp.length - 8], [16, 10], [34, exif.length]]) webp[place] = length;
  webp.set(exif, 38);
  await assert.rejects(readFilm(webp, 'a.webp'), /^FilmProblem: a.webp says that it is turned, .*: save it as PNG.$/);
  webp[57] = 1; // as it is
  await assert.rejects(readFilm(webp, 'a.webp'), /can only be read in a browser/); // said in Node
});

test('damage in the data of a JPEG, and how it is turned', options, () => {
  const { jpegs } = vectorsOf('golden.json');
  for (const { file, complaint } of jpegs) assert.equal(Boolean(jpegComplaint(fileOf(file))), Boolean(complaint), file);
  for (const { file, turn, step } of jpegs) {
    assert.deepEqual([jpegTurn(fileOf(file)), brightnessStep(fileOf(file))], [turn, step], file);
  }
  const whole = fileOf('grey.jpg');
  assert.equal(jpegComplaint(whole.subarray(0, whole.length * 2 / 3)), 'Premature end of JPEG file');
});
