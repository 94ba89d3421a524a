/**
 * Smoothing, equalising and eroding, bit for bit as OpenCV 4.11 does. What Python does by cv2.GaussianBlur,
 * cv2.equalizeHist and cv2.erode.
 */
import { wholeNumber } from './basics.js';
import { picture } from './resize.js';

/** A Gaussian's weights, their sum 1. */
function gaussian(size, deviation) {
  const half = (size - 1) / 2, scale = -0.125 / (deviation * deviation), weights = [];
  let sum = 0;
  for (let i = 0, x = 1 - size; i < half; i++, x += 2) {
    weights.push(Math.exp(x * x * scale));
    sum += weights[i];
  }
  const factor = 1 / (sum * 2 + 1), side = weights.map(weight => weight * factor);
  return [...side, factor, ...side.toReversed()];
}

/** The weights in 256ths; what rounding takes from one goes to the next. */
function inFixedPoint(weights) {
  const half = (weights.length - 1) / 2, side = [];
  let rest = 0, sum = 0;
  for (let i = 0; i < half; i++) {
    const exact = weights[i] * 256 + rest;
    side.push(wholeNumber(exact));
    rest = exact - side[i];
    sum += side[i];
  }
  return [...side, 256 - 2 * sum, ...side.toReversed()];
}

/** Where a place beyond the border is mirrored to, the border pixel itself not repeated. */
function reflected(place, length) {
  if (length === 1) return 0;
  while (place < 0 || place >= length) place = place < 0 ? -place : 2 * length - 2 - place;
  return place;
}

/** The places of a row or column with `half` mirrored ones at each end. */
const withBorder = (length, half) => Int32Array.from({ length: length + 2 * half },
  (_, place) => reflected(place - half, length));

/** Smooth a grey film of bytes; `deviation` of the Gaussian in pixels. */
export function gaussianBlur(film, deviation) {
  const size = wholeNumber(deviation * 6 + 1) | 1, { data, width, height } = film, half = (size - 1) / 2;
  const weights = inFixedPoint(gaussian(size, deviation));
  const across = withBorder(width, half), down = withBorder(height, half);
  const rows = new Uint16Array(width * height), result = picture(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let k = 0; k < size; k++) sum += weights[k] * data[y * width + across[x + k]];
      rows[y * width + x] = Math.min(sum, 65535);
    }
  }
  const sums = new Float64Array(width);
  for (let y = 0; y < height; y++) {
    sums.fill(0);
    for (let k = 0; k < size; k++) {
      const start = down[y + k] * width, weight = weights[k];
      for (let x = 0; x < width; x++) sums[x] += weight * rows[start + x];
    }
    for (let x = 0; x < width; x++) result.data[y * width + x] = Math.min(255, Math.floor((sums[x] + 32768) / 65536));
  }
  return result;
}

/** Give all grey levels of a film the same share of it. */
export function equalizeHist(film) {
  const counts = new Array(256).fill(0), total = film.data.length, result = picture(film.width, film.height);
  for (const level of film.data) counts[level]++;
  let first = 0;
  while (!counts[first]) first++;
  if (counts[first] === total) {
    result.data.fill(first);
    return result;
  }
  const scale = Math.fround(255 / (total - counts[first])), table = new Uint8Array(256);
  for (let level = first + 1, sum = 0; level < 256; level++) {
    sum += counts[level];
    table[level] = Math.min(255, wholeNumber(Math.fround(sum * scale)));
  }
  for (let place = 0; place < total; place++) result.data[place] = table[film.data[place]];
  return result;
}

/** Keep what is set (not 0) in a whole square of `side` pixels (odd) around; outside counts as set. */
export function erode(mask, width, height, side) {
  const half = (side - 1) / 2, rows = new Uint8Array(mask.length), result = new Uint8Array(mask.length);
  const pass = (from, into, lines, length, step, jump) => {
    for (let line = 0; line < lines; line++) {
      let since = side; // set pixels in a row, up to `half` ahead
      const start = line * jump;
      for (let place = -half; place < length; place++) {
        const ahead = place + half;
        since = ahead < length && !from[start + ahead * step] ? 0 : since + 1;
        if (place >= 0) into[start + place * step] = since >= side ? 1 : 0;
      }
    }
  };
  pass(mask, rows, height, width, 1, width);
  pass(rows, result, width, height, width, 1);
  return result;
}
