/** Resizing, warping, smoothing and the preparations give OpenCV's pixels, every one of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { equalizeHist, erode, gaussianBlur } from '../filters.js';
import { PREPARATIONS } from '../hand.js';
import { perspective, resizeArea, resizeLinear, shrinkBy, warpAffine, warpPerspective } from '../resize.js';
import { fixedView } from '../views.js';
import { VECTORS, rawOf, vectorsOf } from './vectors.js';

const { pixels } = vectorsOf('golden.json') ?? {};

const WAYS = {
  shrink: (picture, { factor }) => shrinkBy(picture, factor),
  resize: (picture, { width, height, how }) => (how === 'area' ? resizeArea : resizeLinear)(picture, width, height),
  warp: (picture, { matrix, size, nearest }) => warpAffine(picture, matrix, size, size, nearest),
  square: (picture, { corners, side, replicate }) => {
    const matrix = perspective(corners, [[0, side], [0, 0], [side, 0], [side, side]]);
    return warpPerspective(picture, matrix, side, side, replicate);
  },
  blur: (picture, { deviation }) => gaussianBlur(picture, deviation),
  equalise: picture => equalizeHist(picture),
  erode: ({ data, width, height }, { side }) => (
    { data: erode(data.map(level => (level > 99 ? 1 : 0)), width, height, side), width, height }),
  prepare: (picture, { name }) => PREPARATIONS[name](picture),
  view: (picture, { name, size }) => fixedView(picture, name, size),
};

for (const [way, transform] of Object.entries(WAYS)) {
  test(`${way} as OpenCV`, { skip: !VECTORS && 'no vectors: set BONEAGE_VECTORS' }, () => {
    const vectors = pixels.filter(vector => vector.way === way);
    assert.ok(vectors.length);
    for (const { given, made, ...how } of vectors) {
      const got = transform(rawOf(given), how), wanted = rawOf(made), said = JSON.stringify({ ...given, ...how });
      assert.deepEqual([got.width, got.height], [wanted.width, wanted.height], said);
      assert.ok(Buffer.compare(got.data, wanted.data) === 0, said);
    }
  });
}
