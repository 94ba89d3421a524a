/**
 * Finds the hand in a film: 21 landmarks, how they were found, and how sure it is that there is a hand at all. Follows
 * nbs/films/01_landmarks.ipynb and nbs/films/01a_hand.ipynb. `networks` is `{ palm, landmarks }`, graphs of the two
 * files.
 */
import { median, percentiles, turned, wholeNumber } from './basics.js';
import { equalizeHist, erode, gaussianBlur } from './filters.js';
import { perspective, picture, shrinkBy, warpPerspective } from './resize.js';

export const PALM_MODEL = 'palm_detection_full.tflite', LANDMARK_MODEL = 'hand_landmark_full.tflite';
const PALM_SIDE = 192, LANDMARK_SIDE = 224; // pixels
const OVERLAP = 0.3; // share of two boxes' union that they share, above which they are one palm

/** Where the palm network looks: 2016 places [x, y], as shares of the square. */
function anchorCentres() {
  const places = [];
  for (const [grid, count] of [[24, 2], [12, 6]]) {
    for (let cell = 0; cell < grid * grid; cell++) {
      const place = [(cell % grid + 0.5) / grid, (Math.floor(cell / grid) + 0.5) / grid];
      for (let time = 0; time < count; time++) places.push(place);
    }
  }
  return places;
}

/** Intersection over union of two boxes `{ low, high }`. */
function overlap(one, other) {
  const area = (low, high) => Math.max(high[0] - low[0], 0) * Math.max(high[1] - low[1], 0);
  const low = one.low.map((edge, axis) => Math.max(edge, other.low[axis]));
  const high = one.high.map((edge, axis) => Math.min(edge, other.high[axis]));
  const shared = area(low, high);
  return shared / (area(one.low, one.high) + area(other.low, other.high) - shared);
}

/** The mean of points [x, y], weighed. */
const weighedMean = (points, weights) => [0, 1].map(
  axis => points.reduce((sum, point, place) => sum + weights[place] * point[axis], 0));

/**
 * The palms in a square, best first, in shares of it.
 * @param {Float32Array} boxes (2016 · 18) as the network gives them
 * @param {Float32Array} logits (2016)
 * @param {number} least score, 0 to 1
 */
function mergePalms(boxes, logits, least) {
  let left = [];
  anchorCentres().forEach((anchor, row) => {
    const score = 1 / (1 + Math.exp(-Math.min(Math.max(logits[row], -100), 100)));
    if (score < least) return;
    const at = place => [0, 1].map(axis => boxes[row * 18 + place + axis] / PALM_SIDE);
    const from = ([x, y]) => [x + anchor[0], y + anchor[1]];
    const centre = from(at(0)), size = at(2);
    left.push({
      low: centre.map((middle, axis) => middle - size[axis] / 2), score,
      high: centre.map((middle, axis) => middle + size[axis] / 2),
      points: Array.from({ length: 7 }, (_, point) => from(at(4 + 2 * point))),
    });
  });
  const palms = [];
  while (left.length) {
    const best = left.reduce((one, other) => (other.score > one.score ? other : one));
    const same = left.filter(one => one === best || overlap(one, best) > OVERLAP);
    const total = same.reduce((sum, one) => sum + one.score, 0), weights = same.map(one => one.score / total);
    palms.push({
      low: weighedMean(same.map(one => one.low), weights), high: weighedMean(same.map(one => one.high), weights),
      points: best.points.map((_, point) => weighedMean(same.map(one => one.points[point]), weights)),
      score: best.score,
    });
    left = left.filter(one => !same.includes(one));
  }
  return palms;
}

/**
 * A turned square of an RGB picture, 0 to 1.
 * @param {number[]} centre x, y in pixels
 * @param {number} width of the square in pixels
 * @param {number} turn radians, clockwise
 * @param {number} side of the result
 * @param {boolean} replicate repeat the border outside the picture instead of black
 * @returns {Float32Array} (side · side · 3)
 */
function cutTurned(rgb, centre, width, turn, side, replicate) {
  const half = [[-1, 1], [-1, -1], [1, -1], [1, 1]].map(([x, y]) => [x * width / 2, y * width / 2]);
  const corners = turned(half, turn).map(([x, y]) => [x + centre[0], y + centre[1]]);
  const matrix = perspective(corners, [[0, side], [0, 0], [side, 0], [side, side]]);
  return Float32Array.from(warpPerspective(rgb, matrix, side, side, replicate).data, level => level / 255);
}

/**
 * The palms in a film that looks like a photograph, best first, in its pixels.
 * @param {{data: Uint8Array, width: number, height: number}} rgb
 * @param {number} least score, 0 to 1
 * @returns {Promise<{low: number[], high: number[], points: number[][], score: number}[]>} corners of the box; wrist,
 *   bases of index, middle, ring and little finger, and two of the thumb
 */
export async function findPalms(networks, rgb, least = 0.5) {
  const { width, height } = rgb, side = Math.max(width, height);
  const square = cutTurned(rgb, [width / 2, height / 2], side, 0, PALM_SIDE, false);
  const [boxes, logits] = await networks.palm({ input_1: square });
  const inPixels = ([x, y]) => [x * side + (width - side) / 2, y * side + (height - side) / 2];
  return mergePalms(boxes, logits, least).map(({ low, high, points, score }) => (
    { low: inPixels(low), high: inPixels(high), points: points.map(inPixels), score }));
}

/** The square around the hand of a palm: centre and side in pixels, turn in radians, clockwise, from −π to π. */
export function palmSquare({ low, high, points }) {
  const [across, down] = [points[2][0] - points[0][0], points[2][1] - points[0][1]];
  let turn = Math.PI / 2 - Math.atan2(-down, across);
  turn -= 2 * Math.PI * Math.floor((turn + Math.PI) / (2 * Math.PI));
  const extent = [high[0] - low[0], high[1] - low[1]], ahead = 0.5 * extent[1];
  const centre = [(low[0] + high[0]) / 2 + ahead * Math.sin(turn), (low[1] + high[1]) / 2 - ahead * Math.cos(turn)];
  return { centre, side: 2.6 * Math.max(...extent), turn };
}

/**
 * The landmarks of the hand of a palm, and how sure the network is that there is a hand.
 * @returns {Promise<{marks: number[][], presence: number}>} 21 [x, y] in pixels of the picture, in MediaPipe's order
 */
export async function landmarksOf(networks, rgb, palm) {
  const { centre, side, turn } = palmSquare(palm);
  const square = cutTurned(rgb, centre, side, turn, LANDMARK_SIDE, true);
  const [found, [presence]] = await networks.landmarks({ input_1: square });
  const local = Array.from({ length: 21 },
    (_, mark) => [0, 1].map(axis => found[3 * mark + axis] / LANDMARK_SIDE - 0.5));
  return { marks: turned(local, turn).map(([x, y]) => [x * side + centre[0], y * side + centre[1]]), presence };
}

/** A film with each of its levels replaced. */
const relevelled = (film, levels) => ({ ...film, data: film.data.map(level => levels[level]) });

/**
 * Stretch the grey levels linearly so that two percentiles become black and white.
 * @param {Uint8Array=} inside (height · width): where the percentiles are taken; everywhere if not given
 * @param {number} white grey level of the high percentile; what is brighter goes on up to 255
 */
export function stretchGrey(film, low = 1, high = 99, inside = undefined, white = 255) {
  const [dark, bright] = percentiles(film.data, [low, high], inside), factor = white / Math.max(bright - dark, 1);
  return relevelled(film, Uint8Array.from({ length: 256 },
    (_, level) => Math.trunc(Math.min(Math.max((level - dark) * factor, 0), 255))));
}

/** Where the film was exposed: brighter than a quarter of its brightest parts, away from the edge of that region. */
function exposedField(film) {
  const blurred = gaussianBlur(film, 3 * Math.max(film.width, film.height) / 512);
  const limit = 0.25 * percentiles(blurred.data, [99])[0];
  return erode(blurred.data.map(level => (level > limit ? 1 : 0)), film.width, film.height, 9);
}

/** Stretch the upper grey levels of the exposed field, for films with a bright border or a faint hand. */
function fieldStretch(film) {
  const exposed = exposedField(film);
  return exposed.reduce((sum, one) => sum + one, 0) >= 100 ? stretchGrey(film, 40, 99.5, exposed) : stretchGrey(film);
}

/**
 * Smooth a film, tint it like skin and give it a black margin, so that a hand model for photographs takes to it.
 * @param {number} gamma below 1 opens up the dark parts
 * @returns RGB, the film in the middle of a black square 1.5 times its longer side
 */
function likeAPhotograph(film, gamma) {
  const levels = Uint8Array.from({ length: 256 }, (_, level) => Math.trunc(255 * (level / 255) ** gamma));
  const { width, height } = film, longer = Math.max(width, height);
  const opened = gaussianBlur(relevelled(film, levels), 2 * longer / 512);
  const tones = [1.1, 0.80, 0.68].map(tone => Uint8Array.from({ length: 256 },
    (_, level) => Math.trunc(Math.min(Math.fround(level * Math.fround(tone)), 255))));
  const side = Math.trunc(1.5 * longer), square = picture(side, side, 3);
  const top = Math.floor((side - height) / 2), left = Math.floor((side - width) / 2);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const level = opened.data[y * width + x], place = ((y + top) * side + x + left) * 3;
      for (let channel = 0; channel < 3; channel++) square.data[place + channel] = tones[channel][level];
    }
  }
  return square;
}

/** Ways to show a film to the hand networks, by name: functions of a grey film that give RGB. */
export const PREPARATIONS = {
  tinted: film => likeAPhotograph(stretchGrey(film), 0.5),
  field: film => likeAPhotograph(fieldStretch(film), 0.7),
  equal: film => likeAPhotograph(equalizeHist(gaussianBlur(film, 1.5 * Math.max(film.width, film.height) / 512)), 0.8),
  faint: film => likeAPhotograph(stretchGrey(film, 1, 99.5), 0.3),
};

/** How the hand is sought: preparations in their order, smallest score of a palm and presence, size in pixels. */
const FINDER = { methods: ['tinted', 'field', 'equal', 'faint'], confidence: 0.5, presence: 0.5, side: 640 };

/**
 * The hand in a film, by the first preparation that shows one; null where none does.
 * @returns {Promise<{landmarks: number[][], method: string, presence: number}|null>} 21 [x, y] in film pixels
 */
export async function findHand(networks, film) {
  const scale = Math.min(1, FINDER.side / Math.max(film.width, film.height));
  const small = scale < 1 ? shrinkBy(film, scale) : film;
  for (const method of FINDER.methods) {
    const prepared = PREPARATIONS[method](small);
    const [palm] = await findPalms(networks, prepared, FINDER.confidence);
    if (!palm) continue;
    const { marks, presence } = await landmarksOf(networks, prepared, palm);
    if (presence < FINDER.presence) continue;
    const across = Math.floor((prepared.width - small.width) / 2);
    const down = Math.floor((prepared.height - small.height) / 2);
    const landmarks = marks.map(([x, y]) => [
      Math.fround((x - across) * film.width / small.width), Math.fround((y - down) * film.height / small.height)]);
    return { landmarks, method, presence };
  }
  return null;
}

/** How far the line from the wrist to the base of the middle finger leans from upright, degrees; positive: right. */
export function handAngle({ landmarks }) {
  const across = landmarks[9][0] - landmarks[0][0], down = landmarks[9][1] - landmarks[0][1];
  return Math.fround(Math.atan2(across, -down) * 180 / Math.PI);
}

/** Mark what lies within half a `thickness` of the lines from landmark to landmark of each finger. */
function fingerBand(lines, width, height, thickness) {
  const mask = new Uint8Array(width * height), reach = thickness / 2;
  for (const line of lines) {
    for (let part = 1; part < line.length; part++) {
      const [[ax, ay], [bx, by]] = [line[part - 1], line[part]], [dx, dy] = [bx - ax, by - ay];
      const length = dx * dx + dy * dy || 1;
      const around = (one, other, most) => [
        Math.max(Math.floor(Math.min(one, other) - reach), 0), Math.min(Math.max(one, other) + reach, most)];
      const [left, right] = around(ax, bx, width - 1), [top, bottom] = around(ay, by, height - 1);
      for (let y = top; y <= bottom; y++) {
        for (let x = left; x <= right; x++) {
          const share = Math.min(Math.max(((x - ax) * dx + (y - ay) * dy) / length, 0), 1);
          if ((x - ax - share * dx) ** 2 + (y - ay - share * dy) ** 2 <= reach * reach) mask[y * width + x] = 1;
        }
      }
    }
  }
  return mask;
}

/** Median grey along the fingers less the median beside the hand; positive for bright bone, negative for dark bone. */
export function boneContrast(film, hand) {
  const scale = Math.min(1, 320 / Math.max(film.width, film.height));
  const small = scale < 1 ? shrinkBy(film, scale) : film, { width, height } = small;
  const points = hand.landmarks.map(([x, y]) => [wholeNumber(x * scale), wholeNumber(y * scale)]);
  const lines = [1, 5, 9, 13, 17].map(first => [points[0], ...points.slice(first, first + 4)]);
  const range = ([low, ...more]) => Math.max(low, ...more) - Math.min(low, ...more);
  const [across, down] = [0, 1].map(axis => range(hand.landmarks.map(mark => mark[axis])));
  const length = (across + down) * scale / 1.5;
  const band = share => fingerBand(lines, width, height, Math.max(1, wholeNumber(share * length)));
  const bones = band(0.02), near = band(0.22);
  const beside = band(0.40).map((inside, place) => (inside && !near[place] ? 1 : 0));
  const contrast = median(small.data, bones) - median(small.data, beside);
  return Number.isNaN(contrast) ? 0 : contrast;
}

/**
 * The hand in a film that may be a negative.
 * @returns {Promise<{film: object, hand: object|null, inverted: boolean}>} the film with bright bone, its hand, and
 *   whether it had to be inverted
 */
export async function findBrightBone(networks, film) {
  const hand = await findHand(networks, film), contrast = hand ? boneContrast(film, hand) : 0;
  if (contrast > 0 && median(film.data) < 128) return { film, hand, inverted: false };
  const negative = { ...film, data: film.data.map(level => 255 - level) };
  const other = await findHand(networks, negative);
  if (other && boneContrast(negative, other) > Math.max(contrast, 0)) {
    return { film: negative, hand: other, inverted: true };
  }
  return { film, hand, inverted: false };
}
