/**
 * From a film to the picture that a network sees: find the hand, turn it upright, crop, stretch, resize. Follows the
 * default pipeline of nbs/02_preprocessing.ipynb.
 */
import { rounded, roundedAsNumPy, turned, wholeNumber } from './basics.js';
import { findBrightBone, handAngle, stretchGrey } from './hand.js';
import { betweenMarks } from './polygon.js';
import { rotationMatrix, shrinkBy, warpAffine } from './resize.js';

// shares of the landmarks' height in the upright frame
const MARGIN_ABOVE = 0.08, MARGIN_BELOW = 0.30, MARGIN_BESIDE = 0.10;

/** The square around hand and wrist, fingers up: centre in film pixels, side in pixels, angle in degrees. */
function uprightSquare(hand) {
  const angle = handAngle(hand), radians = angle * Math.PI / 180, points = turned(hand.landmarks, -radians);
  const [xs, ys] = [0, 1].map(axis => points.map(point => point[axis]));
  const length = Math.max(...ys) - Math.min(...ys);
  const [top, bottom] = [Math.min(...ys) - MARGIN_ABOVE * length, Math.max(...ys) + MARGIN_BELOW * length];
  const [left, right] = [Math.min(...xs) - MARGIN_BESIDE * length, Math.max(...xs) + MARGIN_BESIDE * length];
  const [centre] = turned([[(left + right) / 2, (top + bottom) / 2]], radians);
  return { centre, side: Math.max(bottom - top, right - left), angle };
}

/**
 * Cut a leaning square out of a film and bring it to one size, averaging where the film is larger; black outside.
 * @returns {{square: object, inside: Uint8Array, matrix: number[]}} grey; 1 inside the film; 2 × 3 from film to square
 */
function cutSquare(film, { centre, side, angle }, size) {
  const factor = Math.min(1, size / side), small = factor < 1 ? shrinkBy(film, factor) : film;
  const [across, down] = [small.width / film.width, small.height / film.height];
  const middle = [centre[0] * across, centre[1] * down];
  const matrix = rotationMatrix(middle, angle, size / (side * (across + down) / 2));
  matrix[2] += size / 2 - middle[0];
  matrix[5] += size / 2 - middle[1];
  const square = warpAffine(small, matrix, size, size);
  const all = { data: new Uint8Array(small.data.length).fill(1), width: small.width, height: small.height };
  const inside = warpAffine(all, matrix, size, size, true).data;
  const [a, b, c, d, e, f] = matrix;
  return { square, inside, matrix: [a * across, b * down, c, d * across, e * down, f] };
}

/** Upright square around the hand or the whole film, grey levels stretched; the square's corners; its matrix. */
function cropped(film, size, hand) {
  const { width, height } = film, whole = { centre: [width / 2, height / 2], side: Math.max(width, height), angle: 0 };
  const where = hand ? uprightSquare(hand) : whole, { square, inside, matrix } = cutSquare(film, where, size);
  const [a, b, c, d, e, f] = matrix, { centre, side, angle } = where;
  let measured = inside;
  if (hand) {
    const between = betweenMarks(hand.landmarks.map(([x, y]) => [a * x + b * y + c, d * x + e * y + f]), size, size);
    measured = inside.map((one, place) => one && between[place]);
  }
  let image = square;
  if (measured.includes(1)) {
    const stretched = stretchGrey(square, 2, 99.5, measured, 230);
    image = { data: stretched.data.map((level, place) => (inside[place] ? level : 0)), width: size, height: size };
  }
  const half = [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([x, y]) => [x * side / 2, y * side / 2]);
  const corners = turned(half, angle * Math.PI / 180).map(([x, y]) => [x + centre[0], y + centre[1]]);
  return { image, corners, matrix };
}

/** NumPy's round(1) of a float32. */
const tenth = value => Math.fround(wholeNumber(Math.fround(value * 10)) / 10);

/**
 * Make the picture that a network sees.
 * @param {{palm: function, landmarks: function}} networks
 * @param {{data: Uint8Array, width: number, height: number}} film
 * @param {number} size side of the picture in pixels
 * @returns {Promise<{image: object, record: object}>} grey (size · size); how it was made, as Python's record
 */
export async function preprocess(networks, film, pipeline = 'default', size = 320) {
  if (pipeline !== 'default') throw new Error(`There is no pipeline ${pipeline} in the page.`);
  const { film: bright, hand, inverted } = await findBrightBone(networks, film);
  const { image, corners, matrix } = cropped(bright, size, hand);
  const places = matrix.map(value => roundedAsNumPy(value, 6));
  return { image, record: {
    pipeline, size, width: film.width, height: film.height,
    method: hand ? hand.method : 'none', presence: hand ? rounded(hand.presence, 4) : 0,
    reason: hand ? '' : 'no hand found, whole film used', inverted, angle: hand ? rounded(handAngle(hand), 1) : 0,
    box: corners.flat().map(value => roundedAsNumPy(value, 1)), matrix: [places.slice(0, 3), places.slice(3)],
    landmarks: hand ? hand.landmarks.map(mark => mark.map(tenth)) : [],
  } };
}
